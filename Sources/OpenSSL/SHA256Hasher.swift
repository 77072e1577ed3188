import COpenSSL

/// Hashes bytes as they arrive.
public struct SHA256Hasher: ~Copyable {
    private let context: Handle

    public init() {
        ErrorQueue.clear()
        let context = unsafe Handle(required: EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free)
        let started = unsafe EVP_DigestInit_ex2(context.pointer, HashAlgorithm.sha256.implementation, nil)
        precondition(started == 1, "hashing fails only without memory")
        self.context = context
    }

    public mutating func update(_ bytes: Span<UInt8>) {
        ErrorQueue.clear()
        let updated = unsafe bytes.withUnsafeBytes { input in
            unsafe EVP_DigestUpdate(context.pointer, input.baseAddress, input.count)
        }
        precondition(updated == 1, "hashing fails only without memory")
    }

    public mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// The digest of everything that was given.
    public consuming func finish() -> SHA256Digest {
        unsafe SHA256Digest { output in
            ErrorQueue.clear()
            let finished = unsafe EVP_DigestFinal_ex(context.pointer, output.baseAddress, nil)
            precondition(finished == 1, "hashing fails only without memory")
        }
    }
}
