import Foundation
import OpenSSL
import Testing

@Suite struct CertificateTests {
    @Test func aFileByOpenSSL() throws {
        let certificate = try Certificate(pem: Fixture.text("leaf.crt"))
        #expect(certificate.notBefore == 1_735_689_600)  // 2025-01-01
        #expect(certificate.notAfter == 4_891_363_200)  // 2125-01-01
        #expect(try certificate.publicKey == PublicKey(pem: Fixture.text("p256.pub")))
        #expect(try certificate.der == Fixture.bytes("leaf.der"))
        #expect(certificate.fingerprint == SHA256Digest(of: certificate.der))
        #expect(try Certificate(der: certificate.der) == certificate)
        #expect(try Certificate(pem: certificate.pem) == certificate)
        #expect(try Certificate(pem: Fixture.text("leaf.text.crt")) == certificate)
        #expect(try certificate.isFor(PrivateKey(pem: Fixture.text("p256.key"))))
        #expect(try !certificate.isFor(PrivateKey(pem: Fixture.text("rsa2048.key"))))
        #expect(try !certificate.isFor(PrivateKey.generate()))
    }

    @Test func chains() throws {
        let chain = try Certificate.chain(inPEM: Fixture.text("chain.crt"))
        #expect(try chain == ["leaf.crt", "intermediate.crt"].map { try Certificate(pem: Fixture.text($0)) })
        #expect(Set(chain + chain).count == 2)
        let leaf = try Fixture.text("leaf.crt")
        #expect(throws: CertificateError.severalCertificates(count: 17)) {
            try Certificate.chain(inPEM: String(repeating: leaf, count: 17))
        }
    }

    @Test func refused() throws {
        let pem = try Fixture.text("leaf.crt")
        let der = try Fixture.bytes("leaf.der")
        #expect(throws: CertificateError.empty) { try Certificate(pem: "") }
        #expect(throws: CertificateError.empty) { try Certificate(pem: "no PEM") }
        #expect(throws: CertificateError.empty) { try Certificate(der: []) }
        #expect(throws: CertificateError.severalCertificates(count: 2)) { try Certificate(pem: pem + pem) }
        #expect(throws: CertificateError.unexpectedBlock(label: "PRIVATE KEY")) {
            try Certificate(pem: Fixture.text("p256.key"))
        }
        #expect(throws: CertificateError.unexpectedBlock(label: "PUBLIC KEY")) {
            try Certificate.chain(inPEM: pem + Fixture.text("p256.pub"))
        }
        #expect(throws: CertificateError.notPEM("the CERTIFICATE block has no -----END CERTIFICATE----- line")) {
            try Certificate(pem: String(pem.prefix(200)))
        }
        #expect(throws: CertificateError.trailingData(bytes: 2)) { try Certificate(der: der + [0, 0]) }
        for count in 1..<der.count {
            #expect(throws: CertificateError.self) { try Certificate(der: Array(der[..<count])) }
        }
    }

    @Test func aKeyThatWeDoNotTake() throws {
        let certificate = try Certificate(pem: Fixture.text("weakleaf.crt"))
        #expect(throws: KeyError.rsaTooSmall(bits: 1024)) { try certificate.publicKey }
    }

    @Test(arguments: [PrivateKey.Kind.ecdsaP256, .ecdsaP384, .rsa(bits: 2048), .ed25519])
    func selfSigned(kind: PrivateKey.Kind) throws {
        let key = try PrivateKey.generate(kind)
        let before = Int(Date().timeIntervalSince1970)
        let certificate = try Certificate.selfSigned(
            commonName: "localhost", dnsNames: ["localhost", "*.svc.cluster.local"],
            ipAddresses: ["127.0.0.1", "::1"], key: key, days: 30)
        let after = Int(Date().timeIntervalSince1970)
        #expect((before...after).contains(certificate.notBefore + 3600))
        #expect((before...after).contains(certificate.notAfter - 30 * 86_400))
        #expect(try certificate.publicKey == key.publicKey)
        #expect(certificate.isFor(key))
        let other = try Certificate.selfSigned(
            commonName: "localhost", dnsNames: ["localhost"], ipAddresses: [], key: key, days: 30)
        #expect(other != certificate)
    }

    /// What the real `openssl` says of a certificate that we made.
    @Test func selfSignedAsOpenSSLSeesIt() throws {
        let certificate = try Certificate.selfSigned(
            commonName: "countersign", dnsNames: ["localhost", "countersign.countersign.svc"],
            ipAddresses: ["127.0.0.1", "::1"], key: PrivateKey.generate(), days: 7)
        let file = FileManager.default.temporaryDirectory.appending(path: "countersign-\(UUID().uuidString).pem")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(certificate.pem.utf8).write(to: file)
        let text = try run("openssl", ["x509", "-in", file.path, "-noout", "-text"])
        for expected in [
            "Issuer: CN = countersign", "Subject: CN = countersign", "CA:FALSE", "TLS Web Server Authentication",
            "Digital Signature", "ecdsa-with-SHA256", "Version: 3",
            "DNS:localhost, DNS:countersign.countersign.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        ] {
            #expect(text.contains(expected), "\(expected) in \(text)")
        }
        for name in [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]] {
            let verdict = try run(
                "openssl",
                ["verify", "-x509_strict", "-CAfile", file.path, "-purpose", "sslserver"] + name + [file.path])
            #expect(verdict.hasSuffix(": OK\n"), "\(verdict)")
        }
        #expect(throws: CommandFailed.self) {
            try run("openssl", ["verify", "-CAfile", file.path, "-verify_hostname", "example.com", file.path])
        }
    }

    @Test(arguments: [
        ("", ["localhost"], [String]()), (String(repeating: "a", count: 65), ["localhost"], []),
        ("a", [""], []), ("a", ["a,DNS:evil.example"], []), ("a", ["a..b"], []), ("a", ["*"], []), ("a", ["a.*.b"], []),
        ("a", ["ä.example"], []), ("a", [String(repeating: "a", count: 64)], []),
        ("a", [String(repeating: "a.", count: 127) + "a"], []),
        ("a", [], ["localhost"]), ("a", [], [""]), ("a", [], ["127.0.0.1,DNS:evil.example"]), ("a", [], ["256.0.0.1"]),
    ])
    func namesThatNoCertificateCarries(commonName: String, dnsNames: [String], ipAddresses: [String]) throws {
        let key = try PrivateKey.generate()
        #expect(throws: CertificateError.self) {
            try Certificate.selfSigned(
                commonName: commonName, dnsNames: dnsNames, ipAddresses: ipAddresses, key: key, days: 1)
        }
    }

    @Test func everyErrorSaysSomethingDifferent() {
        let errors: [CertificateError] = [
            .empty, .notPEM("x"), .unexpectedBlock(label: "x"), .severalCertificates(count: 2), .malformed("x"),
            .trailingData(bytes: 1), .invalidName("x"), .refused("x"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}

struct CommandFailed: Error {
    let status: Int32
    let output: String
}

/// Runs a command to its end.
///
/// - Returns: What it wrote, both streams together.
func run(_ command: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = try String(decoding: pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CommandFailed(status: process.terminationStatus, output: output) }
    return output
}
