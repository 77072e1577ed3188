import Foundation
import JSON
import OCI
import OpenSSL
import Testing

@testable import Sigstore

/// Whose key a signature is verified with: Tests/Fixtures/certificates/make.sh says what each certificate is.
@Suite struct AuthorityTests {
    static let now = 1_800_000_000

    static func pem(_ name: String) throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/certificates/\(name)")
        return try String(contentsOf: file, encoding: .utf8)
    }

    static func certificate(_ name: String) throws -> Certificate { try Certificate(pem: pem(name + ".crt")) }

    private func attached(_ name: String, chain: String? = nil) throws -> AttachedCertificate {
        var annotations = ["dev.sigstore.cosign/certificate": try Self.pem(name + ".crt")]
        annotations["dev.sigstore.cosign/chain"] = try chain.map { try Self.pem($0 + ".crt") }
        return try #require(AttachedCertificate(annotations: annotations))
    }

    private func inBundle(_ bytes: [UInt8]) throws -> AttachedCertificate {
        let material = try Document(text: #"{"certificate":{"rawBytes":"\#(Base64.encode(bytes))"}}"#)
        return try #require(AttachedCertificate(material: material.root))
    }

    private func failure(
        _ authority: Authority, _ attached: AttachedCertificate?, at time: Int = now
    ) -> SignatureFailure? {
        do {
            _ = try authority.key(attached, at: time)
            return nil
        } catch {
            return error
        }
    }

    @Test func aKeyIsThePolicys() throws {
        let key = try PrivateKey.generate().publicKey
        let given = try Authority.key(key).key(attached("leaf"), at: Self.now)
        #expect(given.key == key)
        #expect(given.validUntil == nil)
    }

    @Test func aPinnedCertificateIsThePolicys() throws {
        let leaf = try Self.certificate("leaf")
        for chain in [[], [try Self.certificate("intermediate"), try Self.certificate("root")]] {
            let authority = Authority.certificate(leaf, chain: chain)
            for attached in [nil, try attached("foreign")] {
                let given = try authority.key(attached, at: Self.now)
                #expect(try given.key == leaf.publicKey)
                #expect(given.validUntil == leaf.notAfter)
            }
        }
        #expect(
            failure(.certificate(leaf, chain: [try Self.certificate("other")]), nil)?.nearness
                == SignatureFailure.certificateUntrusted("").nearness)
    }

    @Test(arguments: [false, true]) func aPinnedCertificateExpires(withChain: Bool) throws {
        let chain = withChain ? [try Self.certificate("intermediate"), try Self.certificate("root")] : []
        let expired = Authority.certificate(try Self.certificate("expired"), chain: chain)
        #expect(
            failure(expired, nil)
                == .certificateExpired("the certificate expired on 2025-01-01T00:00:00Z"))
        let future = Authority.certificate(try Self.certificate("future"), chain: chain)
        #expect(
            failure(future, nil)
                == .certificateExpired("the certificate is not valid before 2120-01-01T00:00:00Z"))
    }

    @Test func whatComesWithASignature() throws {
        let root = Authority.issued(under: [try Self.certificate("root")])
        let key = try Self.certificate("leaf").publicKey
        #expect(try root.key(attached("leaf", chain: "chain"), at: Self.now).key == key)
        #expect(try root.key(attached("leaf", chain: "intermediate"), at: Self.now).key == key)
        // A bundle brings no intermediates, so the policy has to.
        let der = try Self.certificate("leaf").der
        let pool = Authority.issued(under: [try Self.certificate("intermediate"), try Self.certificate("root")])
        #expect(try pool.key(inBundle(der), at: Self.now).key == key)
        #expect(failure(root, try inBundle(der))?.nearness == SignatureFailure.certificateUntrusted("").nearness)
    }

    @Test func whatComesWithASignatureIsNotTrusted() throws {
        let root = Authority.issued(under: [try Self.certificate("root")])
        func isUntrusted(_ attached: AttachedCertificate?) -> Bool {
            if case .certificateUntrusted = failure(root, attached) { true } else { false }
        }
        #expect(failure(root, nil) == .noCertificate)
        #expect(isUntrusted(try attached("leaf")))
        #expect(isUntrusted(try attached("foreign", chain: "other")))
        #expect(isUntrusted(try attached("tls", chain: "chain")))
        #expect(isUntrusted(try attached("usage", chain: "chain")))
        #expect(
            failure(root, try attached("expired", chain: "chain"))
                == .certificateExpired("the certificate expired on 2025-01-01T00:00:00Z"))
        #expect(failure(.issued(under: []), try attached("leaf")) != nil)
    }

    /// cosign GHSA-fx35-mq7g-6g98: a bare public key where a certificate belongs.
    @Test func whatIsNoCertificate() throws {
        let root = Authority.issued(under: [try Self.certificate("root")])
        let key = try Self.certificate("leaf").publicKey
        let texts = [
            key.pem, "", "garbage", try Self.pem("chain.crt"), try Self.pem("leaf.key"),
            String(repeating: "x", count: 70_000),
        ]
        for text in texts {
            let attached = AttachedCertificate(annotations: ["dev.sigstore.cosign/certificate": text])
            #expect((attached == nil) == text.isEmpty)
            #expect(failure(root, attached) != nil)
        }
        for bytes in [key.der, [], [0x30], Array(key.pem.utf8), [UInt8](repeating: 0, count: 70_000)] {
            #expect(failure(root, try inBundle(bytes)) != nil)
        }
        for material in [#"{"certificate":{}}"#, #"{"certificate":{"rawBytes":1}}"#, "{}"] {
            #expect(AttachedCertificate(material: try Document(text: material).root) == nil)
        }
        let malformed = try Document(text: #"{"certificate":{"rawBytes":"!"}}"#)
        #expect(failure(root, AttachedCertificate(material: malformed.root)) != nil)
        let chain = AttachedCertificate(annotations: [
            "dev.sigstore.cosign/certificate": try Self.pem("leaf.crt"), "dev.sigstore.cosign/chain": "garbage",
        ])
        #expect(failure(root, chain) != nil)
    }
}
