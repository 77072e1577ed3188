import COpenSSL
import Testing

@testable import OpenSSL

@Suite struct TLSContextTests {
    private func context(keeping old: TLSContext? = nil) throws -> TLSContext {
        try TLSContext(
            certificateChainPEM: Fixture.text("chain.crt"), privateKeyPEM: Fixture.text("p256.key"),
            keepingTicketKeysOf: old)
    }

    private func offer(_ names: String...) -> [UInt8] { names.flatMap { [UInt8($0.utf8.count)] + $0.utf8 } }

    @Test(arguments: [(TLS1_2_VERSION, "TLSv1.2"), (TLS1_3_VERSION, "TLSv1.3")])
    func handshakes(version: CInt, name: String) throws {
        let ca = try Certificate(pem: Fixture.text("ca.crt"))
        let handshake = try Handshake(
            context(), .init(minimumVersion: version, maximumVersion: version, trusting: ca, hostname: "localhost"))
        try handshake.perform()
        #expect(handshake.version == name)
        #expect(handshake.chainLength == 2)
        #expect(handshake.send(Array("request".utf8), fromServer: false) == Array("request".utf8))
        #expect(handshake.send(Array("answer".utf8), fromServer: true) == Array("answer".utf8))
    }

    @Test func theClientChecksTheName() throws {
        let ca = try Certificate(pem: Fixture.text("ca.crt"))
        #expect(throws: Handshake.Failed.self) {
            try Handshake(context(), .init(trusting: ca, hostname: "example.com")).perform()
        }
    }

    @Test func aSelfSignedCertificateServes() throws {
        let key = try PrivateKey.generate()
        let certificate = try Certificate.selfSigned(
            commonName: "localhost", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], key: key, days: 1)
        let context = try TLSContext(certificateChainPEM: certificate.pem, privateKeyPEM: key.pem)
        #expect(context.certificate == certificate)
        try Handshake(context, .init(trusting: certificate, hostname: "localhost")).perform()
    }

    @Test func everyKindOfKeyServes() throws {
        for kind in [PrivateKey.Kind.ecdsaP256, .ecdsaP384, .ecdsaP521, .rsa(bits: 2048), .ed25519] {
            let key = try PrivateKey.generate(kind)
            let certificate = try Certificate.selfSigned(
                commonName: "a", dnsNames: ["localhost"], ipAddresses: [], key: key, days: 1)
            try Handshake(TLSContext(certificateChainPEM: certificate.pem, privateKeyPEM: key.pem)).perform()
        }
    }

    @Test(arguments: [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
    ])
    func goodCiphers(cipher: String) throws {
        let handshake = try Handshake(context(), .init(maximumVersion: TLS1_2_VERSION, ciphers: cipher))
        try handshake.perform()
        #expect(handshake.cipher == cipher)
    }

    @Test(arguments: ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"])
    func weakCiphers(cipher: String) throws {
        #expect(throws: Handshake.Failed.self) {
            try Handshake(context(), .init(maximumVersion: TLS1_2_VERSION, ciphers: cipher)).perform()
        }
    }

    @Test func oldVersions() throws {
        for version in [TLS1_VERSION, TLS1_1_VERSION] {
            #expect(throws: Handshake.Failed.self) {
                let settings = Handshake.Client(
                    minimumVersion: version, maximumVersion: version, ciphers: "ALL:@SECLEVEL=0")
                try Handshake(context(), settings).perform()
            }
        }
    }

    @Test func applicationProtocols() throws {
        for (offered, selected) in [
            ([], ""), (offer("http/1.1"), "http/1.1"), (offer("h2", "http/1.1"), "http/1.1"),
            (offer("http/1.1", "h2"), "http/1.1"),
        ] {
            let handshake = try Handshake(context(), .init(protocols: offered))
            try handshake.perform()
            #expect(handshake.selectedProtocol == selected)
        }
        for offered in [offer("h2"), offer("http/1.0", "h2"), offer("http/1.1x")] {
            #expect(throws: Handshake.Failed.self) { try Handshake(context(), .init(protocols: offered)).perform() }
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func sessionsResumeAlsoAfterTheContextIsReplaced(version: CInt) throws {
        let old = try context()
        let first = try Handshake(old, .init(minimumVersion: version, maximumVersion: version))
        try first.perform()
        _ = first.send([1], fromServer: true)
        #expect(!first.wasResumed)
        let session = first.session

        for (context, resumes) in [(old, true), (try context(keeping: old), true), (try context(), false)] {
            let settings = Handshake.Client(minimumVersion: version, maximumVersion: version, session: session)
            let next = try Handshake(context, settings)
            try next.perform()
            #expect(next.wasResumed == resumes)
            #expect(next.send([1, 2, 3], fromServer: false) == [1, 2, 3])
        }
    }

    @Test func connectionsOutliveTheirContext() throws {
        var context: TLSContext? = try context()
        let handshake = try Handshake(#require(context))
        context = nil
        try handshake.perform()
        #expect(handshake.send([7], fromServer: true) == [7])
    }

    @Test func refused() throws {
        let leaf = try Fixture.text("leaf.crt")
        let key = try Fixture.text("p256.key")
        let expired = try Certificate(pem: Fixture.text("expired.crt"))
        let future = try Certificate(pem: Fixture.text("future.crt"))
        let table: [(String, String, TLSError)] = try [
            ("", key, .certificate(.empty)),
            (leaf, "", .key(.empty)),
            (key, leaf, .certificate(.unexpectedBlock(label: "PRIVATE KEY"))),
            (leaf, leaf, .key(.unexpectedBlock(label: "CERTIFICATE"))),
            (leaf, Fixture.text("p256.encrypted.key"), .key(.encrypted)),
            (leaf, Fixture.text("rsa2048.encrypted.key"), .key(.encrypted)),
            (leaf, Fixture.text("rsa2048.key"), .keyMismatch),
            (leaf, Fixture.text("p256.sec1.key").replacing("EC PRIVATE", with: "RSA PRIVATE"), .key(.malformed(""))),
            (leaf, PrivateKey.generate().pem, .keyMismatch),
            (Fixture.text("reversed.crt"), key, .leafNotFirst(position: 2)),
            (expired.pem, key, .expired(notAfter: expired.notAfter)),
            (future.pem, key, .notYetValid(notBefore: future.notBefore)),
            (Fixture.text("weakleaf.crt"), Fixture.text("rsa1024.key"), .key(.rsaTooSmall(bits: 1024))),
        ]
        for (chain, key, expected) in table {
            #expect {
                try TLSContext(certificateChainPEM: chain, privateKeyPEM: key)
            } throws: { error in
                if case .key(.malformed) = expected, case .key(.malformed)? = error as? TLSError { return true }
                return error as? TLSError == expected
            }
        }
        #expect(
            "\(TLSError.expired(notAfter: expired.notAfter))" == "the TLS certificate expired on 2025-01-01T00:00:00Z")
    }

    @Test func validityToTheSecond() throws {
        let certificate = try Certificate(pem: Fixture.text("leaf.crt"))
        func load(at now: Int) throws {
            _ = try TLSContext(
                certificateChainPEM: certificate.pem, privateKeyPEM: Fixture.text("p256.key"), keepingTicketKeysOf: nil,
                now: now)
        }
        try load(at: certificate.notAfter)
        try load(at: certificate.notBefore - TLSContext.clockSkew)
        #expect(throws: TLSError.expired(notAfter: certificate.notAfter)) { try load(at: certificate.notAfter + 1) }
        #expect(throws: TLSError.notYetValid(notBefore: certificate.notBefore)) {
            try load(at: certificate.notBefore - TLSContext.clockSkew - 1)
        }
    }

    @Test func anRSALeaf() throws {
        let context = try TLSContext(
            certificateChainPEM: Fixture.text("rsaleaf.crt"), privateKeyPEM: Fixture.text("rsa2048.pkcs1.key"))
        try Handshake(context, .init(trusting: Certificate(pem: Fixture.text("ca.crt")), hostname: "localhost"))
            .perform()
    }

    @Test func everyErrorSaysSomethingDifferent() {
        let errors: [TLSError] = [
            .certificate(.empty), .key(.empty), .keyMismatch, .leafNotFirst(position: 2), .expired(notAfter: 0),
            .notYetValid(notBefore: 0), .refused("x"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
