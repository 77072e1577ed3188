import COpenSSL

/// A SHA-256 digest: 32 bytes, held in place.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// The length of a digest, in bytes.
    public static let length = 32

    // Four big-endian words: comparing and hashing them is quicker than an array, and nothing is allocated.
    private let words: Words

    private struct Words: Sendable, Hashable {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var third: UInt64 = 0
        var fourth: UInt64 = 0
    }

    /// Hashes `bytes`.
    public init(of bytes: [UInt8]) {
        self.init(of: bytes.span)
    }

    /// Hashes `bytes`.
    public init(of bytes: Span<UInt8>) {
        unsafe self.init { output in
            ErrorQueue.clear()
            let hashed = unsafe bytes.withUnsafeBytes { input in
                unsafe EVP_Digest(
                    input.baseAddress, input.count, output.baseAddress, nil, HashAlgorithm.sha256.implementation, nil)
            }
            precondition(hashed == 1, "hashing fails only without memory")
        }
    }

    /// Takes a digest made elsewhere.
    ///
    /// - Returns: nil unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        unsafe self.init { output in
            for index in bytes.indices { unsafe output[index] = bytes[index] }
        }
    }

    /// Reads 64 lower-case hexadecimal digits, and nothing else.
    public init?(hex: String) {
        guard let bytes = Hexadecimal.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Has the digest's 32 bytes written in place.
    init(writing: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        var words = Words()
        unsafe withUnsafeMutableBytes(of: &words) { raw in
            unsafe raw.withMemoryRebound(to: UInt8.self) { buffer in unsafe writing(buffer) }
        }
        self.words = words
    }

    public var bytes: [UInt8] {
        unsafe withUnsafeBytes(of: words) { raw in unsafe [UInt8](raw) }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hexadecimal.encode(bytes) }

    public var description: String { hex }
}
