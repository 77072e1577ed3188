import CZlib

/// gzip (RFC 1952) by way of zlib.
enum Gzip {
    enum Failure: Error, Equatable {
        /// Not gzip, damaged, cut off, or with bytes after its end.
        case malformed
        /// It unfolds to more than the limit.
        case tooLarge
    }

    /// Level 1 packs a metrics page or a big patch to within a fifth of level 6's size at a third of its time.
    private static let level: Int32 = 1

    /// The packed bytes; nil when zlib has no memory.
    static func pack(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count < Int(UInt32.max) else { return nil }
        var stream = unsafe z_stream()
        guard unsafe countersign_deflateInitGzip(&stream, level) == Z_OK else { return nil }
        defer { unsafe deflateEnd(&stream) }
        let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            unsafe bytes.withUnsafeBufferPointer { input in
                // zlib does not write through next_in.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.avail_in = UInt32(input.count)
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = UInt32(output.count)
                let result = unsafe deflate(&stream, Z_FINISH)
                unsafe stream.next_in = nil
                unsafe stream.next_out = nil
                count = result == Z_STREAM_END ? unsafe Int(stream.total_out) : 0
            }
        }
        return packed.isEmpty ? nil : packed
    }

    /// The unfolded bytes: exactly one gzip member, of at most `limit` bytes.
    static func unfold(_ bytes: Span<UInt8>, limit: Int) throws(Failure) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe countersign_inflateInitGzip(&stream) == Z_OK else { throw .malformed }
        defer { unsafe inflateEnd(&stream) }
        var unfolded: [UInt8] = []
        // One byte over the limit tells "full" from "too much".
        var room = min(limit + 1, max(4096, bytes.count * 4))
        var filled = 0
        let status = unsafe bytes.withUnsafeBufferPointer { input -> Int32 in
            // zlib does not write through next_in.
            unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.avail_in = UInt32(clamping: input.count)
            while true {
                unfolded.append(contentsOf: [UInt8](repeating: 0, count: room - unfolded.count))
                let result = unsafe unfolded.withUnsafeMutableBufferPointer { output -> Int32 in
                    unsafe stream.next_out = output.baseAddress.map { unsafe $0 + filled }
                    unsafe stream.avail_out = UInt32(clamping: output.count - filled)
                    return unsafe inflate(&stream, Z_NO_FLUSH)
                }
                unsafe filled = room - Int(stream.avail_out)
                guard result == Z_OK, unsafe stream.avail_out == 0, room < limit + 1 else { return result }
                room = min(limit + 1, room * 2)
            }
        }
        guard filled <= limit else { throw .tooLarge }
        guard status == Z_STREAM_END, unsafe stream.avail_in == 0 else { throw .malformed }
        unfolded.removeSubrange(filled...)
        return unfolded
    }
}
