import CLinux
import Glibc
import OpenSSL
import Synchronization

/// A TCP connection, with TLS or without, that is read and written by a thread of its own, which may wait. For servers
/// that are small rather than fast: `LocalRegistry`, tests.
public final class BlockingSocket: Sendable {
    private let descriptor: Int32
    /// One thread reads and writes; the lock is for the compiler. ``shutdown()`` goes past it.
    private let stream: Mutex<ByteStream>

    /// Takes over `socket`, which closes with this object; nil when there is no memory for TLS.
    init?(_ socket: consuming Socket, tls: TLSContext?) {
        descriptor = socket.descriptor
        guard let stream = ByteStream(socket, tls: tls) else { return nil }
        self.stream = Mutex(stream)
    }

    /// Lets a read or a write wait this long and no longer; it then ends as if the other side had gone.
    public func setTimeout(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    /// Waits for bytes and writes them into `range` of `span`. With TLS, the first call makes the handshake.
    ///
    /// - Returns: how many; 0 when the other side has ended, the time is up or the connection broke.
    public func read(into span: inout MutableSpan<UInt8>, _ range: Range<Int>) -> Int {
        stream.withLock { stream in
            guard case .bytes(let count) = stream.read(into: &span, range) else { return 0 }
            return count
        }
    }

    /// What comes next, at most `count` bytes; empty when nothing comes any more.
    public func read(upTo count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let read = read(into: &span, 0..<count)
        return Array(bytes[..<read])
    }

    /// Writes all of `bytes`; false when the other side does not take them.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        stream.withLock { stream in
            var written = 0
            while written < bytes.count {
                guard case .bytes(let count) = stream.write(bytes, from: written) else { return false }
                written += count
            }
            return true
        }
    }

    /// Says that nothing more will be written.
    func finishWriting() {
        stream.withLock { $0.finishWriting() }
    }

    /// Ends the connection in both directions; a thread that waits in it goes on. From any thread.
    public func shutdown() {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// A port of 127.0.0.1 on which connections are taken, one after the other, by a thread that may wait.
public final class BlockingListener: Sendable {
    private let socket: Socket
    public let port: Int

    /// - Parameter port: 0 lets the system choose.
    public init(port: Int = 0) throws(SocketFailure) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFailure(call: "socket", number: errno) }
        let socket = Socket(owning: descriptor)
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        guard unsafe withLoopbackAddress(port: port, { unsafe bind(descriptor, $0, $1) }) == 0 else {
            throw SocketFailure(call: "bind", number: errno)
        }
        // Connections that wait to be accepted: more than a burst of a benchmark's clients.
        guard listen(descriptor, 256) == 0, let port = Self.port(of: descriptor) else {
            throw SocketFailure(call: "listen", number: errno)
        }
        self.socket = socket
        self.port = port
    }

    private static func port(of descriptor: Int32) -> Int? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getsockname(descriptor, address, &size)
            }
        }
        return status == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    /// Waits for the next connection; nil once the listener is shut down.
    func accept() -> Socket? {
        while true {
            let descriptor = accept4(
                socket.descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
            if descriptor >= 0 {
                let connection = Socket(owning: descriptor)
                connection.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return connection
            }
            // What a connection that has gone again, a signal or a full table of files leave behind passes.
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: usleep(10_000)
            default: return nil
            }
        }
    }

    /// Ends a wait in ``accept()``, and every later one. From any thread.
    public func shutdown() {
        _ = Glibc.shutdown(socket.descriptor, Int32(SHUT_RDWR))
    }
}

/// A system call that failed.
public struct SocketFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let call: String
    public let number: Int32

    public var description: String { "\(call): \(ServerError.text(of: number))" }
}

private func withLoopbackAddress<Result>(
    port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            unsafe body(address, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
