import COpenSSL

/// Hash functions that are broken for signatures, and still name things.
public enum LegacyHash: String, Sendable {
    case md5 = "MD5"
    case sha1 = "SHA1"

    /// The digest of `bytes`.
    ///
    /// - Returns: nil where OpenSSL is set up not to offer the function.
    public func digest(of bytes: [UInt8]) -> [UInt8]? {
        OpenSSLLibrary.initialize()
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        guard let function = unsafe Handle(EVP_MD_fetch(nil, rawValue, nil), freedBy: EVP_MD_free) else { return nil }
        var digest = [UInt8](repeating: 0, count: self == .md5 ? 16 : 20)
        let hashed = unsafe digest.withUnsafeMutableBufferPointer { output in
            unsafe bytes.withUnsafeBytes { input in
                unsafe EVP_Digest(input.baseAddress, input.count, output.baseAddress, nil, function.pointer, nil)
            }
        }
        return hashed == 1 ? digest : nil
    }
}
