import CLinux
import Glibc

/// A TCP connection that is read and written by a thread of its own, which may wait. For servers and clients that are
/// small rather than fast: `LocalRegistry`, tests.
public final class BlockingSocket: Sendable {
    private let descriptor: Int32

    /// Takes over `descriptor`, which closes with this object.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    /// Connects to a port of this machine.
    public convenience init(connectingTo port: Int) throws(SocketFailure) {
        let descriptor = try Self.makeSocket()
        self.init(descriptor: descriptor)
        let status = unsafe withSocketAddress(port: port) { unsafe connect(descriptor, $0, $1) }
        guard status == 0 else { throw SocketFailure(call: "connect", number: errno) }
    }

    fileprivate static func makeSocket() throws(SocketFailure) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFailure(call: "socket", number: errno) }
        return descriptor
    }

    /// Lets a read or a write wait this long and no longer; it then ends as if the other side had gone.
    public func setTimeout(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    /// Waits for bytes and writes them into `range` of `span`.
    ///
    /// - Returns: how many; 0 when the other side has ended, the time is up or the connection broke.
    public func read(into span: inout MutableSpan<UInt8>, _ range: Range<Int>) -> Int {
        unsafe span.withUnsafeMutableBytes { bytes in
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
            return unsafe max(0, recv(descriptor, free.baseAddress, free.count, 0))
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
        unsafe bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                let count = unsafe send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }

    /// Ends the connection in both directions; a thread that waits in it goes on. From any thread.
    public func shutdown() {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// A port of 127.0.0.1 on which connections are taken, one after the other, by a thread that may wait.
public final class BlockingListener: Sendable {
    private let descriptor: Int32
    public let port: Int

    /// - Parameter port: 0 lets the system choose.
    public init(port: Int = 0) throws(SocketFailure) {
        let descriptor = try BlockingSocket.makeSocket()
        self.descriptor = descriptor
        var yes: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe withSocketAddress(port: port, { unsafe bind(descriptor, $0, $1) }) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw SocketFailure(call: "bind", number: number)
        }
        // Connections that wait to be accepted. More than a burst of a benchmark's clients.
        guard listen(descriptor, 256) == 0, let port = Self.port(of: descriptor) else {
            let number = errno
            Glibc.close(descriptor)
            throw SocketFailure(call: "listen", number: number)
        }
        self.port = port
    }

    deinit { Glibc.close(descriptor) }

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
    public func accept() -> BlockingSocket? {
        while true {
            let connection = accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
            if connection >= 0 {
                var yes: Int32 = 1
                unsafe setsockopt(
                    connection, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
                return BlockingSocket(descriptor: connection)
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
        _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// A system call that failed.
public struct SocketFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let call: String
    public let number: Int32

    public var description: String {
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(number, &text, text.count) == 0 else { return "\(call): error \(number)" }
        return "\(call): \(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))"
    }
}

private func withSocketAddress<Result>(
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
