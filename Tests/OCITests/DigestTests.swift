import Testing

@testable import OCI

@Suite struct DigestTests {
    static let hex = String(repeating: "0123456789abcdef", count: 4)

    @Test func wellFormed() throws {
        let digest = try Digest(parsing: "sha256:" + Self.hex)
        #expect(digest.hex == Self.hex)
        #expect(digest.description == "sha256:" + Self.hex)
    }

    @Test func digestOfBytes() {
        // The empty string's, which FIPS 180-4 readers know by heart.
        #expect(
            Digest(of: []).description
                == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test(arguments: ["sha512", "sha384", "SHA256", "md5", "sha256+b64u"])
    func otherAlgorithmsAreRefusedByName(algorithm: String) {
        #expect(throws: DigestError.unsupportedAlgorithm(algorithm)) {
            try Digest(parsing: algorithm + ":" + Self.hex)
        }
    }

    static let malformedTexts: [String] = [
        "", "sha256", "sha256:", ":\(hex)", "sha256:\(hex.dropLast())", "sha256:\(hex)0", "sha256:\(hex.uppercased())",
        "sha256:\(hex.dropLast())g", "sha256::\(hex.dropLast())", hex, "sha256: \(hex.dropLast())",
        "sha256:\(hex.dropLast(2))é",
    ]

    @Test(arguments: malformedTexts)
    func malformed(text: String) {
        #expect(throws: DigestError.malformed(text)) { try Digest(parsing: text) }
    }

    @Test func messagesAreBoundedAndHoldNoControlCharacters() {
        let error = DigestError.malformed(Excerpt.of("\u{1b}[31m" + String(repeating: "x", count: 10_000)))
        #expect(error.description.count < 300)
        #expect(!error.description.contains("\u{1b}"))
    }
}
