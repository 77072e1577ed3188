import OpenSSL

/// The name of content by its hash: `sha256:` and 64 lower-case hex digits.
///
/// A value that exists is well formed. SHA-256 is the only algorithm: signatures name images by it, and accepting a
/// second one would let one image have two names.
///
/// Source: OCI Image 1.1, "Digests".
public struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// The hash itself.
    public let sha256: SHA256Digest

    /// The digest of `bytes`.
    public init(of bytes: [UInt8]) {
        sha256 = SHA256Digest(of: bytes)
    }

    public init(_ sha256: SHA256Digest) {
        self.sha256 = sha256
    }

    /// Reads `sha256:<64 lower-case hex digits>` and nothing else.
    ///
    /// - Throws: ``DigestError``, which names the algorithm where it is another one.
    public init(parsing text: String) throws(DigestError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.startIndex else {
            throw .malformed(Excerpt.of(text))
        }
        let algorithm = text[..<colon]
        guard algorithm == "sha256" else {
            throw .unsupportedAlgorithm(Excerpt.of(String(algorithm)))
        }
        guard let sha256 = SHA256Digest(hex: String(text[text.utf8.index(after: colon)...])) else {
            throw .malformed(Excerpt.of(text))
        }
        self.sha256 = sha256
    }

    /// 64 lower-case hex digits.
    public var hex: String { sha256.hex }

    public var description: String { "sha256:" + sha256.hex }
}

/// Why a text is no ``Digest``.
public enum DigestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another hash than SHA-256; the algorithm's name.
    case unsupportedAlgorithm(String)
    /// Not `algorithm:hex`, or not 64 lower-case hex digits; (the beginning of) the text.
    case malformed(String)

    public var description: String {
        switch self {
        case .unsupportedAlgorithm(let name):
            "digest algorithm '\(name)' is not supported, only sha256 is"
        case .malformed(let text):
            "'\(text)' is not a digest, which is 'sha256:' and 64 lower-case hex digits"
        }
    }
}
