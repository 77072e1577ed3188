import COpenSSL

/// The hash functions that a signature may be made over.
public enum HashAlgorithm: String, Sendable, Hashable, CaseIterable {
    case sha224, sha256, sha384, sha512

    /// The length of a digest, in bytes.
    public var digestLength: Int {
        switch self {
        case .sha224: 28
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// The digest of `bytes`.
    public func digest(of bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: digestLength) { buffer, count in
            ErrorQueue.clear()
            let hashed = unsafe bytes.withUnsafeBytes { input in
                unsafe EVP_Digest(input.baseAddress, input.count, buffer.baseAddress, nil, implementation, nil)
            }
            precondition(hashed == 1, "hashing fails only without memory")
            count = digestLength
        }
    }

    /// OpenSSL's implementation, fetched once: fetching takes longer than hashing a small input.
    @unsafe
    var implementation: OpaquePointer {
        switch self {
        case .sha224: unsafe Self.fetchedSHA224
        case .sha256: unsafe Self.fetchedSHA256
        case .sha384: unsafe Self.fetchedSHA384
        case .sha512: unsafe Self.fetchedSHA512
        }
    }

    // `nonisolated(unsafe)`: an EVP_MD never changes once fetched, counts its references atomically, and is never freed here.
    private nonisolated(unsafe) static let fetchedSHA224 = unsafe fetch("SHA2-224")
    private nonisolated(unsafe) static let fetchedSHA256 = unsafe fetch("SHA2-256")
    private nonisolated(unsafe) static let fetchedSHA384 = unsafe fetch("SHA2-384")
    private nonisolated(unsafe) static let fetchedSHA512 = unsafe fetch("SHA2-512")

    @unsafe
    private static func fetch(_ name: String) -> OpaquePointer {
        OpenSSLLibrary.initialize()
        guard let fetched = unsafe EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL offers no \(name): \(ErrorQueue.drain())")
        }
        return unsafe fetched
    }
}
