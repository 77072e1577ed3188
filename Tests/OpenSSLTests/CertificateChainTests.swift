import Foundation
import Testing

@testable import OpenSSL

/// What leads from a certificate to one that is trusted: Tests/Fixtures/certificates/make.sh says what each is.
@Suite struct CertificateChainTests {
    /// In 2027, when all that is not meant to be past or to come is valid.
    static let now = 1_800_000_000

    private static func certificates(_ names: [String]) throws -> [Certificate] {
        try names.map { name in
            let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/certificates/\(name).crt")
            return try Certificate(pem: String(contentsOf: file, encoding: .utf8))
        }
    }

    private func verify(
        _ name: String, through intermediates: [String] = ["intermediate"], to anchors: [String] = ["root"],
        at time: Int? = now
    ) throws -> Int {
        try Self.certificates([name])[0].verifyChain(
            to: Self.certificates(anchors), through: Self.certificates(intermediates), at: time)
    }

    @Test func leadsToTheRoot() throws {
        let leaf = try Self.certificates(["leaf"])[0]
        #expect(try verify("leaf") == leaf.notAfter)
        // In whatever order, and with more than is needed.
        #expect(
            try verify("leaf", through: ["other", "root", "intermediate"], to: ["other", "root"]) == leaf.notAfter)
        // Where no usage is given, every usage is allowed.
        _ = try verify("any")
    }

    /// An anchor is trusted as it is, whether or not anybody issued it.
    @Test func anchorsNeedNotBeRoots() throws {
        _ = try verify("leaf", through: [], to: ["intermediate"])
        _ = try verify("leaf", through: [], to: ["leaf"])
    }

    /// Certificate, intermediates, anchors, and part of the reason.
    static let untrusted: [(name: String, through: [String], to: [String], says: String)] = [
        ("leaf", ["intermediate"], ["other"], "issuer certificate"),
        ("leaf", [], ["root"], "issuer certificate"),
        ("leaf", ["intermediate"], [], "issuer certificate"),
        ("foreign", ["intermediate"], ["root"], "issuer certificate"),
        // Nobody becomes trusted by coming along.
        ("foreign", ["intermediate", "other"], ["root"], "self-signed certificate"),
        ("below", ["leaf", "intermediate"], ["root"], "invalid CA"),
        ("leaf", ["intermediate-nobc"], ["root"], "invalid CA"),
        ("critical", ["intermediate"], ["root"], "critical extension"),
        ("sha1", ["intermediate"], ["root"], "weak"),
    ]

    @Test(arguments: untrusted) func isNotTrusted(
        name: String, through: [String], to: [String], says: String
    ) throws {
        let failure = #expect(throws: CertificateChainError.self) {
            try verify(name, through: through, to: to)
        }
        guard case .untrusted(let reason) = failure, reason.contains(says) else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test(arguments: [("tls", "intermediate"), ("usage", "intermediate"), ("leaf", "intermediate-tls")])
    func isNotForSigning(name: String, through: String) throws {
        let failure = #expect(throws: CertificateChainError.self) { try verify(name, through: [through]) }
        guard case .notForSigning = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func timesAreTheSigners() throws {
        let expired = try Self.certificates(["expired"])[0]
        let future = try Self.certificates(["future"])[0]
        #expect(throws: CertificateChainError.expired(notAfter: expired.notAfter, place: 0)) { try verify("expired") }
        #expect(throws: CertificateChainError.notYetValid(notBefore: future.notBefore, place: 0)) {
            try verify("future")
        }
        #expect(throws: CertificateChainError.self) { try verify("leaf", at: expired.notBefore) }
        // With no time in question any will do.
        #expect(try verify("expired", at: nil) == expired.notAfter)
        _ = try verify("future", at: nil)
        #expect(throws: CertificateChainError.self) { try verify("leaf", to: ["other"], at: nil) }
    }

    @Test func issuersExpireToo() throws {
        let past = try Self.certificates(["intermediate-past"])[0]
        #expect(throws: CertificateChainError.expired(notAfter: past.notAfter, place: 1)) {
            try verify("leaf", through: ["intermediate-past"])
        }
        #expect(throws: CertificateChainError.expired(notAfter: past.notAfter, place: 1)) {
            try verify("leaf", through: [], to: ["intermediate-past"])
        }
        // The chain is valid no longer than the shortest of it.
        #expect(try verify("leaf", through: ["intermediate-past"], at: nil) == past.notAfter)
    }

    @Test func validityOfOne() throws {
        let expired = try Self.certificates(["expired"])[0]
        try expired.checkValidity(at: expired.notAfter)
        try expired.checkValidity(at: expired.notBefore)
        #expect(throws: CertificateChainError.expired(notAfter: expired.notAfter, place: 0)) {
            try expired.checkValidity(at: expired.notAfter + 1)
        }
        #expect(throws: CertificateChainError.notYetValid(notBefore: expired.notBefore, place: 0)) {
            try expired.checkValidity(at: expired.notBefore - 1)
        }
    }

    @Test func sentences() {
        #expect(
            CertificateChainError.expired(notAfter: 1_735_689_600, place: 0).description
                == "the certificate expired on 2025-01-01T00:00:00Z")
        #expect(
            CertificateChainError.notYetValid(notBefore: 0, place: 2).description
                == "the certificate's issuer is not valid before 1970-01-01T00:00:00Z")
    }
}
