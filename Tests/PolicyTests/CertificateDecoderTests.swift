import Foundation
import JSON
import OCI
import OpenSSL
import Testing
import Verification

@testable import Policy

/// Certificates that Tests/Fixtures/certificates/make.sh made.
enum TestCertificates {
    static func pem(_ name: String) -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/certificates/\(name)")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }

    /// A PEM text as JSON.
    static func quoted(_ name: String) -> String { TestKeys.quoted(pem(name + ".crt")) }
}

@Suite struct CertificateDecoderTests {
    private static let leaf = TestCertificates.quoted("leaf")
    private static let chain = TestCertificates.quoted("chain")

    private static func attestors(_ certificates: String, _ extra: String = "") -> String {
        #"[{"entries":[{"certificates":{\#(certificates)}\#(extra.isEmpty ? "" : ",")\#(extra)}]}]"#
    }

    private func attestor(_ certificates: String, _ extra: String = "") throws -> CertificateAttestor {
        let policy = try policyOf(entry: Sample.entry(attestors: Self.attestors(certificates, extra)))
        let entry = try #require(
            policy.rules.first?.entries.first?.requirement.fixed?.attestorSets.first?.entries.first)
        guard case .certificate(let attestor) = entry else { throw NoCertificate() }
        return attestor
    }

    private struct NoCertificate: Error {}

    @Test func pinned() throws {
        let alone = try attestor(#""cert":\#(Self.leaf)"#)
        #expect(try alone.certificate == Certificate(pem: TestCertificates.pem("leaf.crt")))
        #expect(alone.chain == [])
        #expect(try attestor(#""cert":\#(Self.leaf),"certChain":\#(Self.chain)"#).chain.count == 2)
    }

    @Test func issued() throws {
        let attestor = try attestor(#""certChain":\#(Self.chain)"#)
        #expect(attestor.certificate == nil)
        #expect(attestor.chain.count == 2)
    }

    @Test func whatStandsBeside() throws {
        let attestor = try attestor(
            #""cert":\#(Self.leaf)"#,
            #""signatureAlgorithm":"sha384","annotations":{"team":"blue"},"repository":"ghcr.io/org/signatures""#)
        #expect(attestor.hash == .sha384)
        #expect(attestor.annotations == ["team": "blue"])
        #expect(attestor.repository?.description == "ghcr.io/org/signatures")
    }

    @Test(arguments: [
        #""rekor":{"url":"https://rekor.sigstore.dev"}"#, #""rekor":{"ignoreTlog":true,"pubkey":"a"}"#,
        #""ctlog":{"ignoreSCT":true,"pubkey":"a"}"#, #""ctlog":{}"#,
    ])
    func logsThatAreNotAskedFor(extra: String) throws {
        _ = try attestor(#""cert":\#(Self.leaf),\#(extra)"#)
    }

    /// Fields of `certificates`, and the path below it and part of the reason of the problem.
    static let refused: [(fields: String, path: String, says: String)] = [
        ("", ".cert", "is needed"),
        (#""cert":"","certChain":null"#, ".cert", "is needed"),
        (#""cert":\#(chain)"#, ".cert", "holds 2 certificates"),
        (#""cert":"k8s://ns/name""#, ".cert", "write it as PEM text"),
        (#""cert":"/etc/cert.pem""#, ".cert", "write it as PEM text"),
        (#""certChain":"https://example.com/chain.pem""#, ".certChain", "write it as PEM text"),
        (#""cert":\#(Sample.key)"#, ".cert", "\"PUBLIC KEY\" block"),
        (#""cert":\#(TestKeys.quoted(TestCertificates.pem("leaf.key")))"#, ".cert", "\"PRIVATE KEY\" block"),
        (#""cert":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n""#, ".cert", "does not decode"),
        (#""cert":\#(leaf),"certChain":\#(TestCertificates.quoted("other"))"#, ".cert", "does not lead"),
        (#""cert":\#(TestCertificates.quoted("tls")),"certChain":\#(chain)"#, ".cert", "not for signing"),
        (#""cert":\#(leaf),"rekor":{"pubkey":"a"}"#, ".rekor.pubkey", "transparency log"),
        (#""cert":\#(leaf),"rekor":{"ignoreTlog":false}"#, ".rekor.ignoreTlog", "transparency log"),
        (#""cert":\#(leaf),"ctlog":{"pubkey":"a"}"#, ".ctlog.pubkey", "timestamps"),
        (#""cert":\#(leaf),"ctlog":{"ignoreSCT":false}"#, ".ctlog.ignoreSCT", "timestamps"),
        (#""cert":\#(leaf),"ctlog":{"tsaCertChain":"a"}"#, ".ctlog.tsaCertChain", "timestamps"),
        (#""cert":\#(leaf),"identity":"a""#, ".identity", "unknown field"),
        (#""cert":1"#, ".cert", "has to be text"),
        (#""cert":"{{ a }}""#, ".cert", "variable"),
    ]

    @Test(arguments: refused) func refuses(fields: String, path: String, says: String) throws {
        let problems = try problems(entry: Sample.entry(attestors: Self.attestors(fields)))
        let whole = "spec.rules[0].verifyImages[0].attestors[0].entries[0].certificates" + path
        #expect(problems.contains { $0.path == whole && $0.reason.contains(says) }, "\(problems)")
    }

    /// It may be renewed elsewhere, so the policy loads; nothing verifies with it.
    @Test func aCertificateThatIsNotValidIsNoted() throws {
        for (name, says) in [("expired", "expired on 2025-01-01"), ("future", "not valid before 2120-01-01")] {
            let fields = #""cert":\#(TestCertificates.quoted(name)),"certChain":\#(Self.chain)"#
            let entry = Sample.entry(attestors: Self.attestors(fields))
            let result = try load(Sample.policy(rules: "[\(Sample.rule(entries: "[\(entry)]"))]"))
            #expect(result.problems == [])
            #expect(result.notes.contains { $0.contains("certificates: the certificate") && $0.contains(says) })
        }
    }

    @Test func certificatesSignAttestationsToo() throws {
        let attestation = #"{"type":"a","attestors":\#(Self.attestors(#""certChain":\#(Self.chain)"#))}"#
        let policy = try policyOf(entry: #"{"imageReferences":["*"],"attestations":[\#(attestation)]}"#)
        let requirement = try #require(policy.rules.first?.entries.first?.requirement.fixed)
        guard case .certificate? = requirement.attestations.first?.attestorSets.first?.entries.first else {
            Issue.record("\(requirement)")
            return
        }
    }
}
