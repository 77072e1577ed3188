import OpenSSL
import Testing

@Suite struct PublicKeyTests {
    @Test(arguments: [
        ("p256", PublicKey.Algorithm.ecdsaP256), ("p384", .ecdsaP384), ("p521", .ecdsaP521),
        ("rsa2048", .rsa(bits: 2048)), ("rsa2048.pkcs1", .rsa(bits: 2048)), ("ed25519", .ed25519),
    ])
    func supportedKinds(name: String, algorithm: PublicKey.Algorithm) throws {
        let key = try PublicKey(pem: Fixture.text("\(name).pub"))
        #expect(key.algorithm == algorithm)
        #expect(key.fingerprint == SHA256Digest(of: key.der))
        #expect(try PublicKey(der: key.der) == key)
        #expect(try PublicKey(pem: key.pem) == key)
        let folder = name.split(separator: ".")[0]
        #expect(try key.pem == Fixture.text("\(folder).pub"))
    }

    @Test(arguments: [
        ("p224.pub", KeyError.unsupportedCurve("secp224r1")),
        ("secp256k1.pub", .unsupportedCurve("secp256k1")),
        ("explicit.pub", .explicitCurveParameters),
        ("rsa1024.pub", .rsaTooSmall(bits: 1024)),
        ("rsapss.pub", .unsupportedAlgorithm("RSA-PSS")),
        ("ed448.pub", .unsupportedAlgorithm("ED448")),
        ("x25519.pub", .unsupportedAlgorithm("X25519")),
        ("compressed.pub", .compressedPoint),
        ("hybrid.pub", .compressedPoint),
        ("p256.key", .privateKeyPasted),
        ("p256.sec1.key", .privateKeyPasted),
        ("p256.ecparam.key", .privateKeyPasted),
        ("p256.encrypted.key", .privateKeyPasted),
        ("rsa2048.encrypted.key", .privateKeyPasted),
        ("rsa2048.pkcs1.key", .privateKeyPasted),
        ("leaf.crt", .certificatePasted),
        ("leaf.text.crt", .certificatePasted),
    ])
    func refusedFiles(name: String, error: KeyError) throws {
        let text = try Fixture.text(name)
        #expect(throws: error) { try PublicKey(pem: text) }
        #expect(throws: error) { try PublicKey.all(inPEM: text) }
    }

    @Test func refusedTexts() throws {
        let pem = try Fixture.text("p256.pub")
        let lines = pem.split(separator: "\n").map(String.init)
        let table: [(String, KeyError)] = [
            ("", .empty),
            (" \n\t\n", .empty),
            ("# a comment\n", .empty),
            ("p256", .notPEM("it has no -----BEGIN PUBLIC KEY----- line")),
            (pem + "trailing", .notPEM("line 5 stands outside a -----BEGIN …----- block")),
            ("leading\n" + pem, .notPEM("line 1 stands outside a -----BEGIN …----- block")),
            (
                lines.dropLast().joined(separator: "\n"),
                .notPEM("the PUBLIC KEY block has no -----END PUBLIC KEY----- line")
            ),
            (lines.joined(separator: " "), .notPEM("line 1 begins a block but does not end in \"-----\"")),
            (
                pem.replacing("END PUBLIC", with: "END RSA PUBLIC"),
                .notPEM("line 4 does not end the PUBLIC KEY block that it is in")
            ),
            (lines[0] + "\n" + pem, .notPEM("line 2 begins a block inside the PUBLIC KEY block")),
            (pem.replacing("M", with: "!"), .notPEM("the PUBLIC KEY block is not valid base64")),
            (pem.replacing("==", with: "="), .notPEM("the PUBLIC KEY block is not valid base64")),
            (
                pem.replacing(lines[0], with: lines[0] + "\nComment: x\n"),
                .notPEM("the PUBLIC KEY block has header lines")
            ),
            (pem + pem, .severalKeys(count: 2)),
            (pem.replacing("PUBLIC KEY", with: "DSA PUBLIC KEY"), .unexpectedBlock(label: "DSA PUBLIC KEY")),
            ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", .empty),
            (pem + (try Fixture.text("p256.key")), .privateKeyPasted),
            ("-----BEGIN PRIVATE KEY-----\nMIG", .privateKeyPasted),
            (pem.replacing("PUBLIC KEY", with: "ENCRYPTED SIGSTORE PRIVATE KEY"), .privateKeyPasted),
            (String(repeating: "#\n", count: 1 << 20), .notPEM("it has no -----BEGIN PUBLIC KEY----- line")),
        ]
        for (text, error) in table {
            #expect(throws: error, "\(text.prefix(200))") { try PublicKey(pem: text) }
        }
    }

    @Test func whiteSpaceAndCommentsAreNoMatter() throws {
        let pem = try Fixture.text("p256.pub")
        let key = try PublicKey(pem: pem)
        #expect(try PublicKey(pem: "\n# ours\n" + pem.replacing("\n", with: "\r\n") + "\n\n") == key)
        #expect(try PublicKey(pem: pem.split(separator: "\n").map { "    " + $0 + " " }.joined(separator: "\n")) == key)
    }

    @Test func severalKeys() throws {
        let texts = try ["p256.pub", "ed25519.pub", "rsa2048.pub"].map(Fixture.text)
        let keys = try PublicKey.all(inPEM: texts.joined(separator: "\n# next\n"))
        #expect(try keys == texts.map { text in try PublicKey(pem: text) })
        #expect(Set(keys + keys).count == 3)
        #expect(throws: KeyError.severalKeys(count: 101)) {
            try PublicKey.all(inPEM: String(repeating: texts[0], count: 101))
        }
        #expect(throws: KeyError.unsupportedCurve("secp224r1")) {
            try PublicKey.all(inPEM: texts[0] + Fixture.text("p224.pub"))
        }
    }

    @Test func damagedDER() throws {
        for name in ["p256", "p384", "p521", "rsa2048", "ed25519"] {
            let der = try PublicKey(pem: Fixture.text("\(name).pub")).der
            #expect(throws: KeyError.trailingData(bytes: 1)) { try PublicKey(der: der + [0]) }
            #expect(throws: KeyError.trailingData(bytes: der.count)) { try PublicKey(der: der + der) }
            for count in der.indices { #expect(throws: KeyError.self) { try PublicKey(der: Array(der[..<count])) } }
        }
        #expect(throws: KeyError.empty) { try PublicKey(der: []) }
        #expect(throws: KeyError.malformed("it is longer than 4096 bytes")) {
            try PublicKey(der: [UInt8](repeating: 0x30, count: 5000))
        }
    }

    /// Whatever one flipped bit makes of a key: refused, or another key, never the same one.
    @Test func flippedBits() throws {
        for name in ["p256", "p521", "ed25519"] {
            let der = try PublicKey(pem: Fixture.text("\(name).pub")).der
            for bit in 0..<(der.count * 8) {
                var flipped = der
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let key = try? PublicKey(der: flipped) else { continue }
                #expect(key.der == flipped)
                #expect(
                    name == "ed25519" && bit / 8 >= 12,
                    "a flipped point on \(name) left the curve unnoticed at bit \(bit)")
            }
        }
    }

    @Test func encodingsOtherThanDERAreRefused() throws {
        // A length in the long form where the short one does.
        let ed25519 = try PublicKey(pem: Fixture.text("ed25519.pub")).der
        #expect(throws: KeyError.notCanonical) {
            try PublicKey(der: [0x30, 0x81, ed25519[1]] + ed25519.dropFirst(2))
        }
        // An RSA key without the NULL that its algorithm's parameters are.
        let rsa = try PublicKey(pem: Fixture.text("rsa2048.pub")).der
        var bare = rsa
        bare.removeSubrange(17..<19)
        bare[3] -= 2
        bare[5] -= 2
        #expect(throws: KeyError.self) { try PublicKey(der: bare) }
    }

    @Test func aPointOffTheCurveOrAtInfinity() throws {
        let der = try PublicKey(pem: Fixture.text("p256.pub")).der
        let header = der.dropLast(65)
        #expect(throws: KeyError.malformed("decode error")) {
            try PublicKey(der: header + [4] + [UInt8](repeating: 1, count: 64))
        }
        #expect(throws: KeyError.self) { try PublicKey(der: header + [4] + [UInt8](repeating: 0, count: 64)) }
        var infinity = Array(header) + [0]
        infinity[1] -= 64
        infinity[infinity.count - 3] -= 64
        #expect(throws: KeyError.self) { try PublicKey(der: infinity) }
    }

    @Test func rsaNumbersThatAreNoKey() throws {
        func spki(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
            func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
                content.count < 128
                    ? [tag, UInt8(content.count)] + content
                    : [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
            }
            let rsa = element(0x30, element(2, modulus) + element(2, exponent))
            let algorithm: [UInt8] = [48, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0]
            return element(0x30, algorithm + element(3, [0] + rsa))
        }
        // The real key's modulus begins behind 33 bytes of headers.
        var modulus = try Array(PublicKey(pem: Fixture.text("rsa2048.pub")).der[32..<289])
        #expect(throws: Never.self) { try PublicKey(der: spki(modulus: modulus, exponent: [1, 0, 1])) }
        #expect(throws: KeyError.self) { try PublicKey(der: spki(modulus: modulus, exponent: [1])) }
        #expect(throws: KeyError.self) { try PublicKey(der: spki(modulus: modulus, exponent: [2])) }
        modulus[256] ^= 1
        #expect(throws: KeyError.self) { try PublicKey(der: spki(modulus: modulus, exponent: [1, 0, 1])) }
        #expect(throws: KeyError.malformed("invalid modulus")) {
            try PublicKey(der: spki(modulus: [0] + [UInt8](repeating: 0xff, count: 256), exponent: [1, 0, 1]))
        }
        #expect(throws: KeyError.rsaTooSmall(bits: 2047)) {
            try PublicKey(der: spki(modulus: [UInt8](repeating: 0x7f, count: 256), exponent: [1, 0, 1]))
        }
        #expect(throws: KeyError.rsaTooLarge(bits: 8200)) {
            try PublicKey(der: spki(modulus: [0] + [UInt8](repeating: 0xff, count: 1025), exponent: [1, 0, 1]))
        }
    }

    @Test func everyErrorSaysSomethingDifferent() {
        let errors: [KeyError] = [
            .empty, .notPEM("x"), .privateKeyPasted, .certificatePasted, .unexpectedBlock(label: "x"),
            .severalKeys(count: 2),
            .malformed("x"), .trailingData(bytes: 1), .notCanonical, .explicitCurveParameters, .compressedPoint,
            .unsupportedCurve("x"), .unsupportedAlgorithm("x"), .rsaTooSmall(bits: 1), .rsaTooLarge(bits: 1),
            .encrypted,
            .refused("x"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(KeyError.privateKeyPasted.description.contains("leaked"))
        #expect(KeyError.rsaTooSmall(bits: 1024).description == "the RSA key has 1024 bits; at least 2048 are needed")
    }
}
