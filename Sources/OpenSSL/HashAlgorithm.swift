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

    @unsafe
    var implementation: OpaquePointer {
        switch self {
        case .sha224: unsafe FetchedDigest.sha224.pointer
        case .sha256: unsafe FetchedDigest.sha256.pointer
        case .sha384: unsafe FetchedDigest.sha384.pointer
        case .sha512: unsafe FetchedDigest.sha512.pointer
        }
    }
}
