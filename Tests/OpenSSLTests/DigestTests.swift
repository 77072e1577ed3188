import OpenSSL
import Testing

@Suite struct DigestTests {
    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func knownAnswers(text: String, hex: String) {
        let digest = SHA256Digest(of: [UInt8](text.utf8))
        #expect(digest.hex == hex)
        #expect(digest.description == hex)
        #expect(SHA256Digest(hex: hex) == digest)
        #expect(SHA256Digest(bytes: digest.bytes) == digest)
        #expect(HashAlgorithm.sha256.digest(of: [UInt8](text.utf8)) == digest.bytes)
    }

    @Test func anArraySliceHashesAsItsBytes() {
        let bytes: [UInt8] = Array(0...255)
        #expect(SHA256Digest(of: bytes.span.extracting(10..<20)) == SHA256Digest(of: Array(bytes[10..<20])))
    }

    @Test func streamingGivesTheSameAtEveryCut() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = SHA256Digest(of: bytes)
        for cut in 0...bytes.count {
            var hasher = SHA256Hasher()
            hasher.update(Array(bytes[..<cut]))
            hasher.update(bytes.span.extracting(cut..<bytes.count))
            #expect(hasher.finish() == whole)
        }
        #expect(SHA256Hasher().finish() == SHA256Digest(of: []))
    }

    @Test(arguments: [
        "", "ab", String(repeating: "a", count: 63), String(repeating: "a", count: 65),
        String(repeating: "A", count: 64), String(repeating: "g", count: 64), " " + String(repeating: "a", count: 63),
        String(repeating: "é", count: 32),
    ])
    func otherTextsAreNoDigest(text: String) {
        #expect(SHA256Digest(hex: text) == nil)
    }

    @Test func otherLengthsAreNoDigest() {
        for count in [0, 31, 33, 64] { #expect(SHA256Digest(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    }

    /// FIPS 180-4, "abc".
    @Test(arguments: [
        (HashAlgorithm.sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        (
            .sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func otherHashes(algorithm: HashAlgorithm, hex: String) {
        let digest = algorithm.digest(of: [UInt8]("abc".utf8))
        #expect(digest.count == algorithm.digestLength)
        #expect(digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == hex)
    }
}
