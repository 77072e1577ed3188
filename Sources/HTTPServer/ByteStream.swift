import CLinux
import COpenSSL
import Glibc
import OpenSSL

/// A connection's bytes: a socket, and TLS upon it when the server has a certificate.
///
/// OpenSSL reads and writes the socket itself (`SSL_set_fd`), with read-ahead: one `recv` for what has come. It writes
/// with `write(2)`, so the process must ignore SIGPIPE; ``Server`` sees to it.
@safe struct ByteStream: ~Copyable {
    enum Outcome: Equatable {
        /// So many bytes were read or written; more than 0.
        case bytes(Int)
        /// Nothing can be done until the socket is readable.
        case wantsRead
        case wantsWrite
        /// The peer has ended its side in an orderly way.
        case ended
        /// The connection is of no more use.
        case failed
    }

    private let socket: Socket
    /// Nil without TLS.
    private let ssl: OpaquePointer?
    /// After an error in TLS or below, OpenSSL must not be asked to say goodbye.
    private var hasFailed = false

    /// - Parameter tls: nil for plain HTTP.
    init?(_ socket: consuming Socket, tls: TLSContext?) {
        if let tls {
            guard let ssl = try? unsafe tls.makeSSL() else { return nil }
            guard unsafe SSL_set_fd(ssl, socket.descriptor) == 1 else {
                unsafe SSL_free(ssl)
                return nil
            }
            unsafe self.ssl = ssl
        } else {
            unsafe ssl = nil
        }
        self.socket = socket
    }

    deinit {
        if let ssl = unsafe ssl { unsafe SSL_free(ssl) }
    }

    var descriptor: Int32 { socket.descriptor }

    /// Whether there is a handshake to make before bytes can pass.
    var needsHandshake: Bool {
        guard let ssl = unsafe ssl else { return false }
        return unsafe SSL_is_init_finished(ssl) == 0
    }

    /// Goes on with the handshake; `.bytes` when it is done.
    mutating func handshake() -> Outcome {
        guard let ssl = unsafe ssl else { return .bytes(1) }
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        return result == 1 ? .bytes(1) : unsafe outcome(ssl, result)
    }

    /// Reads into `range` of `span`, once.
    mutating func read(into span: inout MutableSpan<UInt8>, _ range: Range<Int>) -> Outcome {
        guard let ssl = unsafe ssl else {
            let count = unsafe span.withUnsafeMutableBytes { bytes in
                unsafe recv(socket.descriptor, bytes.baseAddress.map { unsafe $0 + range.lowerBound }, range.count, 0)
            }
            return count == 0 ? .ended : outcome(count, waiting: .wantsRead)
        }
        ERR_clear_error()
        let count = unsafe span.withUnsafeMutableBytes { bytes in
            let room = Int32(clamping: range.count)
            return unsafe SSL_read(ssl, bytes.baseAddress.map { unsafe $0 + range.lowerBound }, room)
        }
        return count > 0 ? .bytes(Int(count)) : unsafe outcome(ssl, count)
    }

    /// Writes from `offset` of `bytes`, once.
    mutating func write(_ bytes: [UInt8], from offset: Int) -> Outcome {
        guard let ssl = unsafe ssl else {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let start = unsafe buffer.baseAddress.map { unsafe $0 + offset }
                return unsafe send(socket.descriptor, start, buffer.count - offset, Int32(MSG_NOSIGNAL))
            }
            return outcome(count, waiting: .wantsWrite)
        }
        ERR_clear_error()
        let count = unsafe bytes.withUnsafeBytes { buffer in
            let start = unsafe buffer.baseAddress.map { unsafe $0 + offset }
            return unsafe SSL_write(ssl, start, Int32(clamping: buffer.count - offset))
        }
        return count > 0 ? .bytes(Int(count)) : unsafe outcome(ssl, count)
    }

    /// Whether OpenSSL holds bytes that epoll does not know of: a read may bring some (or only the start of a record).
    var hasPending: Bool {
        guard let ssl = unsafe ssl else { return false }
        return unsafe SSL_has_pending(ssl) == 1
    }

    /// Says that nothing more will be written, as far as the socket takes it now.
    mutating func finishWriting() {
        if let ssl = unsafe ssl, !hasFailed, unsafe SSL_is_init_finished(ssl) == 1 {
            ERR_clear_error()
            _ = unsafe SSL_shutdown(ssl)
        }
        _ = shutdown(socket.descriptor, Int32(SHUT_WR))
    }

    /// Reads bytes off the socket and throws them away, at most `limit`; below TLS, since nobody will look at them.
    mutating func discard(atMost limit: Int) -> Outcome {
        let room = 64 * 1024
        return unsafe withUnsafeTemporaryAllocation(byteCount: room, alignment: 16) { buffer in
            var total = 0
            while total < limit {
                let count = unsafe recv(socket.descriptor, buffer.baseAddress, room, 0)
                if count == 0 { return .ended }
                if count < 0 { return total > 0 ? .bytes(total) : outcome(count, waiting: .wantsRead) }
                total += count
            }
            return .bytes(total)
        }
    }

    private mutating func outcome(_ ssl: OpaquePointer, _ result: Int32) -> Outcome {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            hasFailed = true
            return .failed
        }
    }

    /// What a system call's result means for a plain socket.
    private func outcome(_ count: Int, waiting: Outcome) -> Outcome {
        if count > 0 { return .bytes(count) }
        return errno == EAGAIN || errno == EINTR ? waiting : .failed
    }
}
