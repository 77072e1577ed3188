import Glibc

/// Why a server could not start.
public enum ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The host is not an address and does not resolve to one.
    case badHost(String, reason: String)
    /// The address cannot be listened on: in use, not ours, or not permitted.
    case cannotListen(host: String, port: Int, reason: String)
    /// A system call failed that does not usually.
    case system(String, Int32)

    public var description: String {
        switch self {
        case .badHost(let host, let reason): "cannot listen on \"\(host)\": \(reason)"
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        case .system(let call, let number): "\(call) failed: \(Self.text(of: number))"
        }
    }

    static func text(of number: Int32) -> String {
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}
