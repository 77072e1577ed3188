import COpenSSL

/// OpenSSL's implementation of a hash function, fetched once: fetching takes longer than hashing a small input.
///
/// `@unchecked Sendable`: the EVP_MD behind it never changes once it is fetched and is freed with the last reference;
/// OpenSSL counts its own references to it atomically.
@safe
final class FetchedDigest: @unchecked Sendable {
    static let sha224 = FetchedDigest("SHA2-224")
    static let sha256 = FetchedDigest("SHA2-256")
    static let sha384 = FetchedDigest("SHA2-384")
    static let sha512 = FetchedDigest("SHA2-512")

    private let handle: Handle

    /// The EVP_MD; valid as long as this object lives, so for the four above always.
    @unsafe
    var pointer: OpaquePointer { unsafe handle.pointer }

    private init(_ name: String) {
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        self.handle = unsafe Handle(required: EVP_MD_fetch(nil, name, nil), freedBy: EVP_MD_free)
    }
}
