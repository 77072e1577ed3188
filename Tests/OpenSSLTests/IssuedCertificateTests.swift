import Foundation
import OpenSSL
import Testing

/// The authority and the server certificate that we make, as OpenSSL's own verifiers see them.
@Suite struct IssuedCertificateTests {
    private static let day = 86_400

    private struct Pair {
        let authority: Certificate
        let server: Certificate
        let key: PrivateKey

        init(
            _ names: [String] = ["countersign.countersign.svc"], _ addresses: [String] = ["127.0.0.1", "::1"],
            now: Int = Int(Date().timeIntervalSince1970)
        ) throws {
            let authorityKey = try PrivateKey.generate()
            authority = try Certificate.authority(
                commonName: "countersign CA", key: authorityKey, validity: (now - 3600)...(now + 365 * day))
            key = try PrivateKey.generate()
            server = try Certificate.server(
                commonName: "countersign", dnsNames: names, ipAddresses: addresses, key: key,
                validity: (now - 3600)...(now + 90 * day), issuer: authority, issuerKey: authorityKey)
        }
    }

    /// What the real `openssl` says: strictly by RFC 5280, for a server, under this authority alone.
    @Test func asOpenSSLSeesThem() throws {
        let pair = try Pair()
        let other = try Pair()
        let folder = FileManager.default.temporaryDirectory.appending(path: "countersign-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ text: String) throws -> String {
            let url = folder.appending(path: name)
            try Data(text.utf8).write(to: url)
            return url.path
        }
        let server = try file("server.pem", pair.server.pem)
        let authority = try file("ca.pem", pair.authority.pem)
        let both = try file("both.pem", other.authority.pem + pair.authority.pem)
        let wrong = try file("other.pem", other.authority.pem)

        let text = try run("openssl", ["x509", "-in", server, "-noout", "-text"])
        for expected in [
            "Version: 3", "Issuer: CN = countersign CA", "Subject: CN = countersign\n", "CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature\n", "TLS Web Server Authentication",
            "X509v3 Authority Key Identifier", "X509v3 Subject Key Identifier", "ecdsa-with-SHA256",
            "DNS:countersign.countersign.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        ] {
            #expect(text.contains(expected), "\(expected) in \(text)")
        }
        let authorityText = try run("openssl", ["x509", "-in", authority, "-noout", "-text"])
        for expected in [
            "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign",
            "Subject: CN = countersign CA\n", "X509v3 Subject Key Identifier",
        ] {
            #expect(authorityText.contains(expected), "\(expected) in \(authorityText)")
        }
        let strictly = ["verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore", "-CAfile"]
        for bundle in [authority, both] {
            for name in [["-verify_hostname", "countersign.countersign.svc"], ["-verify_ip", "::1"]] {
                let verdict = try run("openssl", strictly + [bundle] + name + [server])
                #expect(verdict.hasSuffix(": OK\n"), "\(verdict)")
            }
        }
        // The authority of the same name does not vouch, and no name but those given counts, the subject's neither.
        #expect(throws: CommandFailed.self) { try run("openssl", strictly + [wrong, server]) }
        #expect(throws: CommandFailed.self) {
            try run("openssl", strictly + [authority, "-verify_hostname", "countersign", server])
        }
    }

    @Test func aHandshakeUnderTheAuthorityAlone() throws {
        let pair = try Pair()
        let context = try TLSContext(certificateChainPEM: pair.server.pem, privateKeyPEM: pair.key.pem)
        let name = "countersign.countersign.svc"
        try Handshake(context, .init(trusting: pair.authority, hostname: name)).perform()
        #expect(throws: Handshake.Failed.self) {
            try Handshake(context, .init(trusting: Pair().authority, hostname: name)).perform()
        }
        #expect(throws: Handshake.Failed.self) {
            try Handshake(context, .init(trusting: pair.authority, hostname: "countersign")).perform()
        }
    }

    @Test func whoVouchesForWhom() throws {
        let (pair, other) = (try Pair(), try Pair())
        #expect(pair.server.isIssued(by: pair.authority))
        #expect(!pair.server.isIssued(by: other.authority), "the name is the same, the key is not")
        #expect(!pair.server.isIssued(by: pair.server))
        #expect(pair.authority.isAuthority && !pair.server.isAuthority)
        #expect(pair.authority.isIssued(by: pair.authority))
    }

    @Test func whomItIsFor() throws {
        let server = try Pair(["a.b.svc", "*.example.com"], ["10.0.0.1", "fd00::1"]).server
        for host in ["a.b.svc", "A.B.svc", "x.example.com", "10.0.0.1", "fd00::1", "fd00:0:0::1"] {
            #expect(server.isFor(host: host), "\(host)")
        }
        for host in ["", "b.svc", "x.y.example.com", "example.com", "10.0.0.2", "fd00::2", "countersign", "a.b.svc\0"] {
            #expect(!server.isFor(host: host), "\(host)")
        }
    }

    @Test func validityIsToTheSecond() throws {
        // Past 2049 the encoding of times changes (RFC 5280, section 4.1.2.5).
        for now in [1_000_000_000, 1_795_000_000, 3_000_000_000] {
            let pair = try Pair(now: now)
            #expect(pair.server.notBefore == now - 3600 && pair.server.notAfter == now + 90 * Self.day)
            #expect(pair.authority.notBefore == now - 3600 && pair.authority.notAfter == now + 365 * Self.day)
        }
    }

    @Test func whatCannotBeMade() throws {
        let key = try PrivateKey.generate()
        let authority = try Certificate.authority(commonName: "a", key: key, validity: 0...1)
        #expect(throws: CertificateError.invalidName("")) {
            try Certificate.authority(commonName: "", key: key, validity: 0...1)
        }
        #expect(throws: CertificateError.invalidName("a,DNS:b")) {
            try Certificate.server(
                commonName: "a", dnsNames: ["a,DNS:b"], ipAddresses: [], key: key, validity: 0...1, issuer: authority,
                issuerKey: key)
        }
        #expect(throws: CertificateError.refused("the authority's certificate is for another key")) {
            try Certificate.server(
                commonName: "a", dnsNames: ["a"], ipAddresses: [], key: key, validity: 0...1, issuer: authority,
                issuerKey: PrivateKey.generate())
        }
    }
}
