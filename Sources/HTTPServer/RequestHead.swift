/// A request's method. The ones that services tell apart have names; others carry theirs.
public enum Method: Sendable, Hashable, CustomStringConvertible {
    case get, head, post, put, patch, delete, options
    case other(String)

    init(_ name: String) {
        switch name {
        case "GET": self = .get
        case "HEAD": self = .head
        case "POST": self = .post
        case "PUT": self = .put
        case "PATCH": self = .patch
        case "DELETE": self = .delete
        case "OPTIONS": self = .options
        default: self = .other(name)
        }
    }

    public var description: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other(let name): name
        }
    }
}

/// A request's line and header fields, well formed: only ``RequestReader`` makes one.
public struct RequestHead: Sendable {
    public enum Version: Sendable, Equatable { case http10, http11 }

    /// Where a body ends (RFC 9112 6.3).
    public enum Framing: Sendable, Equatable {
        /// Exactly this many bytes; 0 when there is no body.
        case length(Int)
        case chunked
    }

    public enum ContentEncoding: Sendable, Equatable { case identity, gzip }

    /// A header field, as ranges of `bytes`.
    struct Field: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    public let method: Method
    /// The target up to the `?`, as sent: percent signs are not decoded. Begins with `/`.
    public let path: String
    /// What follows the first `?`, as sent.
    public let query: String?
    public let version: Version
    public let framing: Framing
    /// How the body is packed. ``Server`` unpacks it before a service sees it.
    public let contentEncoding: ContentEncoding
    /// Whether the client lets the connection live on after this exchange.
    public let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    public let expectsContinue: Bool
    /// Whether the client takes a gzip answer at least as gladly as a plain one.
    public let acceptsGzip: Bool

    /// The head's bytes, which `fields` points into.
    let bytes: [UInt8]
    let fields: [Field]

    /// The value of the first field named `lowercased` (which is compared without regard to case and must be given in
    /// lower case), without spaces around it; nil when there is none.
    public func header(_ lowercased: String) -> String? {
        let span = bytes.span
        for field in fields where span.extracting(field.name).equalsIgnoringCase(lowercased) {
            return String(decoding: bytes[field.value], as: UTF8.self)
        }
        return nil
    }

    /// All fields in the order sent, names as sent.
    public var headers: [(name: String, value: String)] {
        fields.map {
            (String(decoding: bytes[$0.name], as: UTF8.self), String(decoding: bytes[$0.value], as: UTF8.self))
        }
    }

    /// The first value of `name` in the query, percent signs decoded (`+` is left as it is); nil when it is absent or
    /// badly encoded.
    public func queryValue(_ name: String) -> String? {
        guard let query else { return nil }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard PercentEncoding.decode(parts[0]) == name else { continue }
            return parts.count == 2 ? PercentEncoding.decode(parts[1]) : ""
        }
        return nil
    }
}

/// Percent encoding (RFC 3986 2.1).
public enum PercentEncoding {
    /// The decoded text; nil when a `%` is not followed by two hexadecimal digits or the bytes are not UTF-8.
    public static func decode(_ text: some StringProtocol) -> String? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.utf8.count)
        var octets = text.utf8.makeIterator()
        while let octet = octets.next() {
            guard octet == UInt8(ascii: "%") else {
                decoded.append(octet)
                continue
            }
            guard let high = octets.next().flatMap(Octet.hexadecimal),
                let low = octets.next().flatMap(Octet.hexadecimal)
            else { return nil }
            decoded.append(UInt8(high << 4 | low))
        }
        return String(validating: decoded, as: UTF8.self)
    }
}
