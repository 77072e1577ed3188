/// Owns one OpenSSL object and frees it.
@safe
struct Handle: ~Copyable {
    /// Valid as long as this handle lives.
    @unsafe let pointer: OpaquePointer
    private let free: (OpaquePointer?) -> Void

    /// Takes ownership of a pointer as OpenSSL's constructors return it.
    ///
    /// - Returns: nil for a null pointer.
    @unsafe
    init?(_ pointer: OpaquePointer?, freedBy free: @escaping (OpaquePointer?) -> Void) {
        guard let pointer = unsafe pointer else { return nil }
        unsafe self.pointer = unsafe pointer
        unsafe self.free = unsafe free
    }

    /// Takes ownership of a pointer that is null only when there is no memory left, which ends the process.
    @unsafe
    init(required pointer: OpaquePointer?, freedBy free: @escaping (OpaquePointer?) -> Void) {
        precondition(unsafe pointer != nil, "OpenSSL could not make an object that it always can")
        unsafe self.pointer = unsafe pointer.unsafelyUnwrapped
        unsafe self.free = unsafe free
    }

    deinit {
        unsafe free(pointer)
    }
}
