extension HTTPClient {
    /// Why a request has no response. An answer with any status, also 404 or 500, is a response and no failure.
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The request's deadline passed.
        case timedOut
        /// No connection; the text says what happened and where.
        case unreachable(String)
        /// The connection broke before an answer came: the server may have done what it was asked, or not.
        case disconnected(String)
        /// The TLS handshake failed; the text says why.
        case tls(String)
        /// The response's body is longer than the request allows.
        case tooLarge(limit: Int)
        /// Whoever read the response as it came fell behind by more than the request allows.
        case readerTooSlow(limit: Int)
        /// The response's header is longer than ``HTTPClient/maximumHeaderBytes``.
        case headerTooLarge(limit: Int)
        /// The server kept redirecting.
        case tooManyRedirects
        /// The server redirected to where this client never goes.
        case redirectRefused(String)
        /// The request or the answer is not HTTP that this client accepts.
        case malformed(String)
        /// The connection ended before the body did.
        case truncated
        /// The task that waited for the response was cancelled.
        case cancelled
        /// The client was closed.
        case closed
        /// A file or a setting that the client was given cannot be used.
        case configuration(String)

        public var description: String {
            switch self {
            case .timedOut: "the request timed out"
            case .unreachable(let reason), .disconnected(let reason): reason
            case .tls(let reason): "TLS failed: \(reason)"
            case .tooLarge(let limit): "the response is larger than the limit of \(limit) bytes"
            case .readerTooSlow(let limit): "more than \(limit) bytes of the response waited to be read"
            case .headerTooLarge(let limit): "the response's header is larger than the limit of \(limit) bytes"
            case .tooManyRedirects: "too many redirects"
            case .redirectRefused(let reason): "redirect refused: \(reason)"
            case .malformed(let reason): reason
            case .truncated: "the connection ended before the response was complete"
            case .cancelled: "the request was cancelled"
            case .closed: "the HTTP client is closed"
            case .configuration(let reason): reason
            }
        }
    }
}
