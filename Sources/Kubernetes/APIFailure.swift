/// Why the API server did not do what it was asked.
public enum APIFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// No answer: no connection, or it broke, or it took too long.
    case unreachable(String)
    /// The credentials cannot be had: a token file is gone, an exec plugin fails.
    case credentials(String)
    /// An answer that says no: the HTTP status, and `reason` and `message` of the Status object.
    case status(Int, reason: String, message: String)
    /// An answer that is not what the API says it is, or larger than its bound.
    case malformed(String)
    /// The task that asked was cancelled, or the client was closed.
    case cancelled

    /// There is no such object, or no such type.
    public var isNotFound: Bool { hasStatus(404) }
    /// The object changed since it was read, or exists already.
    public var isConflict: Bool { hasStatus(409) }
    /// The resource version is too old to go on from: list again.
    public var isGone: Bool { hasStatus(410) }
    public var isForbidden: Bool { hasStatus(403) }
    public var isUnauthorized: Bool { hasStatus(401) }

    private func hasStatus(_ expected: Int) -> Bool {
        if case .status(let status, _, _) = self { return status == expected }
        return false
    }

    public var description: String {
        switch self {
        case .unreachable(let reason): "the API server cannot be reached: \(reason)"
        case .credentials(let reason): "no credentials for the API server: \(reason)"
        case .status(let status, let reason, let message):
            message.isEmpty ? "the API server answered \(status) \(reason)" : message
        case .malformed(let reason): "the API server's answer cannot be used: \(reason)"
        case .cancelled: "cancelled"
        }
    }
}
