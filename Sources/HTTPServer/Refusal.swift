/// Why a request is not read further. The connection answers it and closes: after any of these, nobody can say where
/// the next request begins.
public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bytes are not HTTP/1.1 as RFC 9112 writes it, or could be read in two ways.
    case malformed(String)
    case targetTooLong(limit: Int)
    case headTooLarge(limit: Int)
    case tooManyFields(limit: Int)
    case bodyTooLarge(limit: Int)
    case unsupportedVersion
    case unsupportedMethod
    case unsupportedTransferEncoding
    case unsupportedContentEncoding
    case unknownExpectation
    /// The bodies that are being read hold all the memory that the server gives them.
    case overloaded

    /// The HTTP status that answers it.
    public var status: Int {
        switch self {
        case .malformed: 400
        case .targetTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .bodyTooLarge: 413
        case .unsupportedVersion: 505
        case .unsupportedMethod, .unsupportedTransferEncoding: 501
        case .unsupportedContentEncoding: 415
        case .unknownExpectation: 417
        case .overloaded: 503
        }
    }

    public var description: String {
        switch self {
        case .malformed(let reason): "malformed request: \(reason)"
        case .targetTooLong(let limit): "the request target is longer than \(limit) bytes"
        case .headTooLarge(let limit): "the request's header is larger than \(limit) bytes"
        case .tooManyFields(let limit): "the request has more than \(limit) header fields"
        case .bodyTooLarge(let limit): "the request's body is larger than \(limit) bytes"
        case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are spoken here"
        case .unsupportedMethod: "this method is not implemented"
        case .unsupportedTransferEncoding: "the only transfer encoding understood is chunked"
        case .unsupportedContentEncoding: "the only content encoding understood is gzip"
        case .unknownExpectation: "the only expectation understood is 100-continue"
        case .overloaded: "too much is being read at this moment; try again"
        }
    }
}
