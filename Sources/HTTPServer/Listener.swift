import CLinux
import Glibc

/// A socket that connections come in by.
final class Listener: Sendable {
    /// Connections that the kernel keeps for us until we accept them; it caps this at net.core.somaxconn.
    private static let backlog: Int32 = 4096

    private let socket: Socket

    /// Listens on `host` (a name, or an address without brackets; empty: all addresses) and `port` (0: any that is free).
    ///
    /// Of a name's addresses the first that can be listened on is taken, IPv4 before IPv6: clients of "localhost" try
    /// both, but those that were given 127.0.0.1 do not. For all addresses it is an IPv6 socket, which takes both.
    init(host: String, port: Int) throws(ServerError) {
        guard (0...65535).contains(port) else {
            throw .cannotListen(host: host, port: port, reason: "ports end at 65535")
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &found)
        guard status == 0 else { throw .badHost(host, reason: unsafe String(cString: gai_strerror(status))) }
        defer { unsafe freeaddrinfo(found) }

        var failure = ServerError.badHost(host, reason: "no address")
        for family in host.isEmpty ? [AF_INET6, AF_INET] : [AF_INET, AF_INET6] {
            var candidate = unsafe found
            while let address = unsafe candidate {
                unsafe candidate = address.pointee.ai_next
                guard unsafe address.pointee.ai_family == family else { continue }
                do throws(ServerError) {
                    socket = try unsafe Self.listen(address.pointee, host: host, port: port)
                    return
                } catch {
                    failure = error
                }
            }
        }
        throw failure
    }

    private static func listen(_ address: addrinfo, host: String, port: Int) throws(ServerError) -> Socket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe Glibc.socket(address.ai_family, kind, 0)
        guard descriptor >= 0 else { throw .cannotListen(host: host, port: port, reason: ServerError.text(of: errno)) }
        let socket = Socket(owning: descriptor)
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        if unsafe address.ai_family == AF_INET6 { socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        guard unsafe bind(descriptor, address.ai_addr, address.ai_addrlen) == 0,
            Glibc.listen(descriptor, Self.backlog) == 0
        else { throw .cannotListen(host: host, port: port, reason: ServerError.text(of: errno)) }
        return socket
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
