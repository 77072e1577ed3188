import CLinux
import Glibc

/// A socket that connections come in by.
final class Listener: Sendable {
    /// Connections that the kernel keeps for us until we accept them; it caps this at net.core.somaxconn.
    private static let backlog: Int32 = 4096

    private let socket: Socket

    /// Listens on `host` (a name, or an address without brackets; empty: all addresses) and `port` (0: any that is free).
    init(host: String, port: Int) throws(ServerError) {
        guard (0...65535).contains(port) else {
            throw .cannotListen(host: host, port: port, reason: "ports end at 65535")
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &found)
        guard status == 0, let first = unsafe found else {
            throw .badHost(host, reason: unsafe String(cString: gai_strerror(status)))
        }
        defer { unsafe freeaddrinfo(first) }

        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe Glibc.socket(first.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw .system("socket", errno) }
        let listener = Socket(owning: descriptor)
        listener.set(SOL_SOCKET, SO_REUSEADDR, 1)
        if unsafe first.pointee.ai_family == AF_INET6 { listener.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        guard unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
            listen(descriptor, Self.backlog) == 0
        else { throw .cannotListen(host: host, port: port, reason: ServerError.text(of: errno)) }
        socket = listener
    }

    var descriptor: Int32 { socket.descriptor }

    /// The port that the socket is bound to.
    var port: Int {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard unsafe getsockname(descriptor, $0, &length) == 0 else { return 0 }
                // Family and port lie alike in sockaddr_in and sockaddr_in6.
                return unsafe Int(UInt16(bigEndian: UnsafeRawPointer($0).load(fromByteOffset: 2, as: UInt16.self)))
            }
        }
    }

    enum Accepted: ~Copyable {
        case connection(Socket)
        /// Nobody is waiting.
        case none
        /// The process or the machine has no descriptor or memory left for another connection.
        case exhausted
    }

    /// Takes the next waiting connection.
    func accept() -> Accepted {
        while true {
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let accepted = accept4(descriptor, nil, nil, flags)
            if accepted >= 0 {
                let connection = Socket(owning: accepted)
                // Answers go out in one write: waiting for more would only delay them.
                connection.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return .connection(connection)
            }
            switch errno {
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            case EAGAIN: return .none
            case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
                continue  // that client has gone; accept(2) says to go on with the next
            default: return .exhausted
            }
        }
    }
}
