import COpenSSL

/// What one of OpenSSL's `i2d_…` functions writes.
///
/// - Parameter encode: Called with nil for the length, then with where to write; returns the length, 0 or less on failure.
/// - Returns: nil when OpenSSL cannot encode the object.
@unsafe
func encoded(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> CInt) -> [UInt8]? {
    ErrorQueue.clear()
    let length = encode(nil)
    guard length > 0 else {
        ErrorQueue.clear()
        return nil
    }
    var bytes = [UInt8](repeating: 0, count: Int(length))
    let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
        var position = buffer.baseAddress
        return unsafe encode(&position)
    }
    return written == length ? bytes : nil
}
