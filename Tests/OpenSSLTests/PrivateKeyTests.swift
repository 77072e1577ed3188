import OpenSSL
import Testing

@Suite struct PrivateKeyTests {
    @Test(arguments: [
        (PrivateKey.Kind.ecdsaP256, PublicKey.Algorithm.ecdsaP256), (.ecdsaP384, .ecdsaP384), (.ecdsaP521, .ecdsaP521),
        (.rsa(bits: 2048), .rsa(bits: 2048)), (.ed25519, .ed25519),
    ])
    func generatedKeysSign(kind: PrivateKey.Kind, algorithm: PublicKey.Algorithm) throws {
        let key = try PrivateKey.generate(kind)
        #expect(key.publicKey.algorithm == algorithm)
        for message in [[], Array("message".utf8), [UInt8](repeating: 7, count: 100_000)] {
            let signature = try key.sign(message)
            #expect(key.publicKey.isSignature(signature, over: message, hash: .sha256))
            #expect(key.publicKey.isSignature(signature, over: message, hash: nil))
            #expect(!key.publicKey.isSignature(signature, over: message + [0], hash: nil))
        }
        let loaded = try PrivateKey(pem: key.pem)
        #expect(loaded.publicKey == key.publicKey)
        let message = Array("message".utf8)
        #expect(try key.publicKey.isSignature(loaded.sign(message, hash: .sha512), over: message, hash: .sha512))
        #expect(try PrivateKey.generate(kind).publicKey != key.publicKey)
    }

    @Test(arguments: [
        ("p256.key", "p256"), ("p256.sec1.key", "p256"), ("p384.key", "p384"), ("p521.key", "p521"),
        ("rsa2048.key", "rsa2048"), ("rsa2048.pkcs1.key", "rsa2048"), ("ed25519.key", "ed25519"),
    ])
    func filesByOpenSSL(file: String, name: String) throws {
        let key = try PrivateKey(pem: Fixture.text(file))
        #expect(try key.publicKey == PublicKey(pem: Fixture.text("\(name).pub")))
        #expect(try key.pem == Fixture.text("\(name).key"))
    }

    @Test func parametersAboveTheKey() throws {
        #expect(try PrivateKey(pem: Fixture.text("p256.ecparam.key")).publicKey.algorithm == .ecdsaP256)
    }

    @Test(arguments: [
        ("p256.encrypted.key", KeyError.encrypted), ("rsa2048.encrypted.key", .encrypted),
        ("rsa1024.key", .rsaTooSmall(bits: 1024)), ("p224.key", .unsupportedCurve("secp224r1")),
        ("explicit.key", .explicitCurveParameters), ("ed448.key", .unsupportedAlgorithm("ED448")),
        ("p256.pub", .unexpectedBlock(label: "PUBLIC KEY")), ("leaf.crt", .unexpectedBlock(label: "CERTIFICATE")),
        ("message", .notPEM("it has no -----BEGIN PRIVATE KEY----- line")),
    ])
    func refusedFiles(name: String, error: KeyError) throws {
        let text = try Fixture.text(name)
        #expect(throws: error) { try PrivateKey(pem: text) }
    }

    @Test func refusedTexts() throws {
        let pem = try Fixture.text("p256.key")
        #expect(throws: KeyError.empty) { try PrivateKey(pem: "") }
        #expect(throws: KeyError.severalKeys(count: 2)) { try PrivateKey(pem: pem + pem) }
        #expect(throws: KeyError.self) { try PrivateKey(pem: pem.replacing("PRIVATE KEY", with: "RSA PRIVATE KEY")) }
        #expect(throws: KeyError.self) { try PrivateKey(pem: pem.replacing("-----END", with: "AAAA\n-----END")) }
        #expect(throws: KeyError.notPEM("the PRIVATE KEY block has no -----END PRIVATE KEY----- line")) {
            try PrivateKey(pem: String(pem.prefix(100)))
        }
        #expect(throws: KeyError.self) {
            try PrivateKey(pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        }
    }

    @Test func sizesThatArePointless() {
        #expect(throws: KeyError.rsaTooSmall(bits: 1024)) { try PrivateKey.generate(.rsa(bits: 1024)) }
        #expect(throws: KeyError.self) { try PrivateKey.generate(.rsa(bits: 1)) }
    }
}
