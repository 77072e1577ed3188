import JSON
import OCI
import Testing
import Verification

@testable import Policy

@Suite struct AttestationDecoderTests {
    private static let key = #"{"keys":{"publicKeys":\#(Sample.key)}}"#
    private static let attestors = "[{\"entries\":[\(key)]}]"

    private static func entry(_ attestation: String, _ extra: String = "") -> String {
        #"{"imageReferences":["*"],"attestations":[\#(attestation)]\#(extra.isEmpty ? "" : ",")\#(extra)}"#
    }

    private static func attestation(_ fields: String) -> String { #"{"attestors":\#(attestors),\#(fields)}"# }

    private func requirement(_ entry: String) throws -> Requirement {
        try #require(try policyOf(entry: entry).rules.first?.entries.first?.requirement.fixed)
    }

    @Test(arguments: ["type", "predicateType"]) func aType(field: String) throws {
        let requirement = try requirement(Self.entry(Self.attestation(#""\#(field)":"https://example.com/scan""#)))
        #expect(requirement.attestorSets == [])
        #expect(requirement.attestations.map(\.predicateType) == ["https://example.com/scan"])
        #expect(requirement.attestations[0].attestorSets.map(\.entries.count) == [1])
        #expect(requirement.forms == .any)
    }

    @Test func besideSignatures() throws {
        let two =
            Self.attestation(#""type":"a","predicateType":"a""#) + "," + Self.attestation(#""type":"b","name":"n""#)
        let requirement = try requirement(
            Self.entry(two, #""attestors":\#(Self.attestors),"type":"SigstoreBundle""#))
        #expect(requirement.attestorSets.count == 1)
        #expect(requirement.attestations.map(\.predicateType) == ["a", "b"])
        #expect(requirement.forms == .bundlesOnly)
    }

    @Test func attestorsTakeWhatTheRuleSays() throws {
        let entry = Self.entry(
            Self.attestation(#""type":"a""#), #""repository":"ghcr.io/org/attestations","annotations":{"team":"blue"}"#)
        let requirement = try requirement(entry)
        guard case .key(let key) = requirement.attestations[0].attestorSets[0].entries[0] else {
            Issue.record("no key")
            return
        }
        #expect(key.repository?.description == "ghcr.io/org/attestations")
        #expect(key.annotations == ["team": "blue"])
        let notes = try load(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]")).notes
        #expect(notes.contains { $0.contains("annotations: are asked of attestations too") })
    }

    /// An entry, and the path below it and part of the reason of the problem.
    static let refused: [(entry: String, path: String, says: String)] = [
        (entry(#"{"type":"a"}"#), "attestations[0].attestors", "nobody is named"),
        (entry(#"{"type":"a","attestors":[]}"#), "attestations[0].attestors", "nobody is named"),
        (entry(#"{"type":"a","attestors":[{"entries":[]}]}"#), "attestations[0].attestors[0].entries", "at least one"),
        (entry(#"{"type":"a"}"#, #""attestors":\#(attestors)"#), "attestations[0].attestors", "nobody is named"),
        (
            entry("{\"type\":\"a\",\"attestors\":[{\"entries\":[{\"attestor\":{\"entries\":[\(key)]}}]}]}"),
            "attestations[0].attestors[0].entries[0].attestor", "nested set"
        ),
        (entry(#"{"type":"a"}"#, #""key":\#(Sample.key)"#), "attestations[0].attestors", "nobody is named"),
        (entry(attestation(#""type":"a""#), #""key":\#(Sample.key)"#), "key", "beside attestations"),
        (entry("{\"attestors\":\(attestors)}"), "attestations[0].type", "is missing"),
        (entry(attestation(#""type":"""#)), "attestations[0].type", "is missing"),
        (entry(attestation(#""type":"a","predicateType":"b""#)), "attestations[0].predicateType", "another type"),
        (entry(attestation(#""type":"https://sigstore.dev/cosign/sign/v1""#)), "attestations[0].type", "signatures"),
        (entry(attestation(#""type":"a","kind":"b""#)), "attestations[0].kind", "unknown field"),
        (entry(attestation(#""type":"{{ a }}""#)), "attestations[0].type", "variable"),
        (entry("{}"), "attestations[0].type", "is missing"),
        (entry("1"), "attestations[0]", "object"),
        (
            entry(Array(repeating: attestation(#""type":"a""#), count: 65).joined(separator: ",")), "attestations",
            "more than 64"
        ),
    ]

    @Test(arguments: refused) func refuses(entry: String, path: String, says: String) throws {
        let problems = try problems(entry: entry)
        let whole = "spec.rules[0].verifyImages[0]." + path
        #expect(problems.contains { $0.path == whole && $0.reason.contains(says) }, "\(problems)")
    }

    // MARK: Near misses

    /// What a policy says, and the type that it is a near miss of.
    static let misses: [(text: String, meant: String?)] = [
        // In Kyverno's policy library.
        ("cosign.sigstore.dev/attestation/vuln/v1", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("http://cosign.sigstore.dev/attestation/v1", "https://cosign.sigstore.dev/attestation/v1"),
        ("https://slsa.dev/provenance/v0.2/", "https://slsa.dev/provenance/v0.2"),
        ("https://spdx.dev/document", "https://spdx.dev/Document"),
        (" https://cyclonedx.org/bom ", "https://cyclonedx.org/bom"),
        ("cyclonedx", "https://cyclonedx.org/bom"), ("SPDX", "https://spdx.dev/Document"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("https://slsa.dev/provenance/v1", nil), ("https://cyclonedx.org/bom", nil),
        ("https://example.com/CodeReview/v1", nil), ("https://slsa.dev/provenance/v0.1", nil),
    ]

    @Test(arguments: misses) func nearMissesAreNoted(text: String, meant: String?) throws {
        #expect(PredicateTypes.meant(by: text) == meant)
        let entry = Self.entry(Self.attestation(#""type":"\#(text)""#))
        let result = try load(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]"))
        #expect(result.problems == [])
        #expect(result.notes.filter { $0.contains("attestations[0].type") }.count == (meant == nil ? 0 : 1))
        // It is asked for as it is written.
        #expect(try requirement(entry).attestations[0].predicateType == text)
    }
}
