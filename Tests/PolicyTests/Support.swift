import JSON
import OCI
import OpenSSL
import Testing
import Verification

@testable import Policy

/// Three fixed P-256 public keys.
enum TestKeys {
    static let pems: [String] = (0..<3).map { _ in
        do {
            return try PrivateKey.generate().publicKey.pem
        } catch {
            preconditionFailure("OpenSSL makes no key: \(error)")
        }
    }

    static func quoted(_ pem: String) -> String {
        var writer = Writer()
        writer.string(pem)
        return writer.text
    }
}

extension Document {
    convenience init(_ text: String) throws { try self.init(Array(text.utf8)) }
}

func reference(_ text: String) throws -> ImageReference { try ImageReference(parsing: text) }

let someDigest = "sha256:" + String(repeating: "a", count: 64)
let otherDigest = "sha256:" + String(repeating: "b", count: 64)

/// Policies as JSON, from a rule's or an entry's parts.
enum Sample {
    static var key: String { TestKeys.quoted(TestKeys.pems[0]) }

    static func entry(
        images: String = #"["ghcr.io/org/*"]"#, attestors: String? = nil, extra: String = ""
    ) -> String {
        let attestors = attestors ?? #"[{"entries":[{"keys":{"publicKeys":\#(key)}}]}]"#
        return #"{"imageReferences":\#(images),"attestors":\#(attestors)\#(extra.isEmpty ? "" : ",")\#(extra)}"#
    }

    static func rule(
        _ name: String = "check", match: String = #"{"any":[{"resources":{"kinds":["Pod"]}}]}"#,
        entries: String? = nil, extra: String = ""
    ) -> String {
        let entries = entries ?? "[\(entry())]"
        return #"{"name":"\#(name)","match":\#(match),"verifyImages":\#(entries)\#(extra.isEmpty ? "" : ",")\#(extra)}"#
    }

    static func policy(
        _ name: String = "sample", kind: String = "ClusterPolicy", metadata: String = "", rules: String? = nil,
        spec: String = "", version: String = "v1"
    ) -> String {
        let rules = rules ?? "[\(rule())]"
        return #"""
            {"apiVersion":"kyverno.io/\#(version)","kind":"\#(kind)",
             "metadata":{"name":"\#(name)"\#(metadata.isEmpty ? "" : ",")\#(metadata)},
             "spec":{"rules":\#(rules)\#(spec.isEmpty ? "" : ",")\#(spec)}}
            """#
    }
}

func load(_ texts: String...) throws -> LoadResult {
    PolicyLoader.load(documents: try texts.map { ("test.yaml", try Document($0)) })
}

/// The one policy that `text` holds.
func policy(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> ImagePolicy {
    let result = try load(text)
    try #require(result.problems.isEmpty, "\(result.problems)", sourceLocation: sourceLocation)
    return try #require(result.snapshot?.policies.first, sourceLocation: sourceLocation)
}

func policy(rules: String, spec: String = "") throws -> ImagePolicy {
    try policy(Sample.policy(rules: rules, spec: spec))
}

func policyOf(entry: String, spec: String = "") throws -> ImagePolicy {
    try policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]", spec: spec)
}

/// The paths and reasons of the problems in `text`.
func problems(_ text: String) throws -> [PolicyProblem] { try load(text).problems }

func problems(entry: String) throws -> [PolicyProblem] {
    try problems(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]"))
}

extension PolicySnapshot {
    /// The rules that look at a request about which nothing has to be asked.
    func applicableRules(to resource: ResourceAttributes, facts: RequestFacts = .none) -> [ApplicableRule] {
        candidates(for: resource, facts: facts).rules
    }
}

extension ImageRule {
    func applies(to resource: ResourceAttributes, facts: RequestFacts = .none) -> Bool {
        !resource.isPastVerification && applicability(to: resource, facts: facts) == .yes
    }
}

extension RequirementSource {
    /// The requirement that is the same for every request.
    var fixed: Requirement? {
        if case .fixed(let requirement) = self { return requirement }
        return nil
    }
}
