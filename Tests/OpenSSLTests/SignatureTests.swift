import OpenSSL
import Testing

@Suite struct SignatureTests {
    private func message() throws -> [UInt8] { try Fixture.bytes("message") }

    @Test(arguments: ["p256", "p384", "p521", "rsa2048"], HashAlgorithm.allCases)
    func signaturesByOpenSSLItself(name: String, signed: HashAlgorithm) throws {
        let key = try PublicKey(pem: Fixture.text("\(name).pub"))
        let signature = try Fixture.bytes("\(name).\(signed.rawValue).sig")
        for wanted in HashAlgorithm.allCases {
            #expect(try key.isSignature(signature, over: message(), hash: wanted) == (wanted == signed))
        }
        let ownHash: HashAlgorithm =
            switch key.algorithm {
            case .ecdsaP384: .sha384
            case .ecdsaP521: .sha512
            default: .sha256
            }
        #expect(try key.isSignature(signature, over: message(), hash: nil) == (signed == .sha256 || signed == ownHash))
    }

    @Test func ed25519IsPureWhateverTheHash() throws {
        let key = try PublicKey(pem: Fixture.text("ed25519.pub"))
        let signature = try Fixture.bytes("ed25519.sig")
        for hash in HashAlgorithm.allCases + [nil] {
            #expect(try key.isSignature(signature, over: message(), hash: hash))
        }
        #expect(try !key.isSignature(signature, over: message() + [0], hash: nil))
    }

    /// RFC 8032, section 7.1, tests 1 (empty message) and 2.
    @Test(arguments: [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ])
    func rfc8032(point: String, message: String, signature: String) throws {
        let key = try PublicKey(
            der: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00] + hex(point))
        #expect(key.isSignature(hex(signature), over: hex(message), hash: nil))
        #expect(!key.isSignature(hex(signature), over: hex(message) + [1], hash: nil))
    }

    /// RFC 6979, section A.2.5: messages "sample" and "test" with SHA-256.
    @Test(arguments: [
        (
            "p256",
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8", "sample", HashAlgorithm.sha256
        ),
        (
            "p256",
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                + "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083", "test", .sha256
        ),
    ])
    func rfc6979(
        curve: String, point: String, r: String, s: String, message: String, hash: HashAlgorithm
    ) throws {
        let header = try PublicKey(pem: Fixture.text("\(curve).pub")).der.dropLast(point.count / 2)
        let key = try PublicKey(der: Array(header) + hex(point))
        let signature = DER.signature(r: hex(r), s: hex(s))
        #expect(key.isSignature(signature, over: Array(message.utf8), hash: hash))
        #expect(key.isSignature(signature, over: Array(message.utf8), hash: nil))

        // The mirrored S is a signature too (ECDSA is malleable, and cosign accepts it).
        let mirrored = DER.signature(r: hex(r), s: DER.subtract(hex(s), from: DER.p256Order))
        #expect(mirrored != signature)
        #expect(key.isSignature(mirrored, over: Array(message.utf8), hash: hash))
    }

    @Test func numbersThatAreNoSignature() throws {
        let key = try PublicKey(pem: Fixture.text("p256.pub"))
        let order = DER.p256Order
        let numbers: [[UInt8]] = [[0], [1], order, DER.subtract([UInt8](repeating: 0, count: 31) + [1], from: order)]
        for r in numbers {
            for s in numbers {
                #expect(try !key.isSignature(DER.signature(r: r, s: s), over: message(), hash: nil))
            }
        }
        // Negative r.
        #expect(try !key.isSignature([0x30, 6, 2, 1, 0xff, 2, 1, 1], over: message(), hash: nil))
    }

    @Test func encodingsOfASignatureOtherThanDER() throws {
        let key = try PublicKey(pem: Fixture.text("p256.pub"))
        let signature = try Fixture.bytes("p256.sha256.sig")
        let (r, s) = DER.numbers(signature)
        #expect(try key.isSignature(DER.signature(r: r, s: s), over: message(), hash: nil))
        let wrong: [[UInt8]] = [
            [], [0], [0x30], [0x30, 0], signature + [0], [0] + signature, Array(signature.dropLast()),
            r + s,  // IEEE P1363
            [0x30, 0x81, signature[1]] + signature.dropFirst(2),  // a longer length than needed
            DER.sequence(DER.integer([0] + r, minimal: false) + DER.integer(s)),  // leading zeros
            DER.sequence(DER.integer(r) + DER.integer(s) + DER.integer([1])),  // a third number
            DER.sequence(DER.integer(r) + DER.integer(s) + [5, 0]),
            DER.sequence(DER.integer(r)),
            DER.sequence(DER.integer(s) + DER.integer(r)),
            [0x31] + signature.dropFirst(),
        ]
        for bytes in wrong { #expect(try !key.isSignature(bytes, over: message(), hash: nil), "\(bytes)") }
    }

    @Test(arguments: ["p256", "p384", "p521", "rsa2048", "ed25519"])
    func everyFlippedBitAndEveryTruncation(name: String) throws {
        let key = try PublicKey(pem: Fixture.text("\(name).pub"))
        let signature = try Fixture.bytes(name == "ed25519" ? "ed25519.sig" : "\(name).sha256.sig")
        let message = try message()
        #expect(key.isSignature(signature, over: message, hash: .sha256))
        for bit in 0..<(signature.count * 8) {
            var flipped = signature
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isSignature(flipped, over: message, hash: .sha256), "bit \(bit)")
        }
        for count in signature.indices {
            #expect(!key.isSignature(Array(signature[..<count]), over: message, hash: .sha256))
        }
        for bit in 0..<(message.count * 8) {
            var flipped = message
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!key.isSignature(signature, over: flipped, hash: .sha256))
        }
        #expect(!key.isSignature(signature, over: [], hash: .sha256))
        #expect(!key.isSignature([UInt8](repeating: 0, count: signature.count), over: message, hash: .sha256))
    }

    @Test func anotherKeysSignature() throws {
        let names = ["p256", "p384", "p521", "rsa2048", "ed25519"]
        for signer in names {
            let signature = try Fixture.bytes(signer == "ed25519" ? "ed25519.sig" : "\(signer).sha256.sig")
            for verifier in names {
                let key = try PublicKey(pem: Fixture.text("\(verifier).pub"))
                #expect(try key.isSignature(signature, over: message(), hash: nil) == (signer == verifier))
            }
            #expect(try !PrivateKey.generate().publicKey.isSignature(signature, over: message(), hash: nil))
        }
    }

    @Test func pssIsNoPKCS1() throws {
        let key = try PublicKey(pem: Fixture.text("rsa2048.pub"))
        #expect(try !key.isSignature(Fixture.bytes("rsa2048.pss.sig"), over: message(), hash: nil))
    }

    @Test func manyThreadsShareAKey() async throws {
        let key = try PublicKey(pem: Fixture.text("p256.pub"))
        let signature = try Fixture.bytes("p256.sha256.sig")
        let message = try message()
        let right = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<64 {
                group.addTask {
                    (0..<20).allSatisfy { _ in
                        key.isSignature(signature, over: index.isMultiple(of: 2) ? message : [], hash: nil)
                            == index.isMultiple(of: 2)
                    }
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(right)
    }
}

/// Just enough DER to write signatures that are right and wrong.
enum DER {
    static let p256Order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")

    static func integer(_ number: [UInt8], minimal: Bool = true) -> [UInt8] {
        var content = number
        if minimal {
            while content.count > 1, content[0] == 0 { content.removeFirst() }
            if content[0] >= 0x80 { content.insert(0, at: 0) }
        }
        return [2, UInt8(content.count)] + content
    }

    static func sequence(_ content: [UInt8]) -> [UInt8] { [0x30, UInt8(content.count)] + content }

    static func signature(r: [UInt8], s: [UInt8]) -> [UInt8] { sequence(integer(r) + integer(s)) }

    static func numbers(_ signature: [UInt8]) -> (r: [UInt8], s: [UInt8]) {
        let rLength = Int(signature[3])
        let r = Array(signature[4..<(4 + rLength)])
        return (r, Array(signature[(6 + rLength)...]))
    }

    static func subtract(_ number: [UInt8], from larger: [UInt8]) -> [UInt8] {
        var result = larger
        var borrow = 0
        for index in larger.indices.reversed() {
            let difference = Int(larger[index]) - Int(number[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt8(truncatingIfNeeded: difference)
        }
        return result
    }
}

func hex(_ text: String) -> [UInt8] {
    let digits = Array(text)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
}
