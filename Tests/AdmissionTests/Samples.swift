import JSON
import OCI
import OpenSSL
import Policy
import Registry
import Sigstore
import Testing

@testable import Admission
@testable import Verification

/// Policies, reviews and results for the tests of plan and verdict.
enum Samples {
    static let key = try! PrivateKey.generate().publicKey
    static let otherKey = try! PrivateKey.generate().publicKey
    static let digest = try! Digest(parsing: "sha256:" + String(repeating: "ab", count: 32))

    /// A policy in YAML with one rule for Pods; `entry` and `spec` are more lines of the entry and of the spec.
    static func policy(
        _ name: String = "check-image", images: String = "registry.test/*", action: String = "Enforce",
        entry: [String] = [], spec: [String] = [], key: PublicKey = key, rule: String = "check-image"
    ) -> String {
        let pem = key.pem.split(separator: "\n").map { "              " + $0 }.joined(separator: "\n")
        return """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata: {name: \(name)}
            spec:
              validationFailureAction: \(action)
            \(spec.map { "  " + $0 + "\n" }.joined())
              rules:
              - name: \(rule)
                match: {any: [{resources: {kinds: [Pod]}}]}
                verifyImages:
                - image: "\(images)"
            \(entry.map { "      " + $0 + "\n" }.joined())
                  key: |-
            \(pem)

            """
    }

    static func snapshot(_ policies: String...) throws -> PolicySnapshot { try snapshot(policies) }

    static func snapshot(_ policies: [String]) throws -> PolicySnapshot {
        let documents = try policies.enumerated().map { index, text in
            (source: "policy\(index).yaml", document: try YAMLText.document(text))
        }
        let result = PolicyLoader.load(documents: documents)
        if let problem = result.problems.first { throw problem }
        return try #require(result.snapshot)
    }

    static func review(
        _ images: [String], kind: String = "Pod", operation: String = "CREATE", name: String = "hackedpod",
        namespace: String = "test", oldObject: String = "null"
    ) throws -> AdmissionRequest {
        let containers = images.enumerated().map { #"{"name":"c\#($0)","image":"\#($1)"}"# }.joined(separator: ",")
        let spec = #"{"containers":[\#(containers)]}"#
        let body = kind == "Pod" ? spec : #"{"template":{"spec":\#(spec)}}"#
        let text = """
            {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1-2-3",
            "kind":{"group":"\(kind == "Pod" ? "" : "apps")","version":"v1","kind":"\(kind)"},
            "resource":{"group":"","version":"v1","resource":"pods"},"name":"\(name)","namespace":"\(namespace)",
            "operation":"\(operation)","userInfo":{"username":"u","groups":["g"]},
            "object":{"metadata":{"name":"\(name)"},"spec":\(body)},"oldObject":\(oldObject)}}
            """
        return try AdmissionRequest(Document(Array(text.utf8)))
    }

    static func pass(_ image: String, digest: Digest = digest, proven: Bool = true) throws -> CheckResult {
        let resolved = ResolvedImage(reference: try ImageReference(parsing: image), digest: digest)
        let image =
            proven
            ? PinnableImage(verified: VerifiedImage(image: resolved, claims: nil))
            : PinnableImage(withoutRequirement: resolved)
        return CheckResult(outcome: .success(image), digest: digest, fromCache: false, duration: .milliseconds(3))
    }

    static func failure(_ failure: VerificationFailure) -> CheckResult {
        CheckResult(outcome: .failure(failure), digest: nil, fromCache: false, duration: .milliseconds(3))
    }
}
