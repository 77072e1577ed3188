/// Turns a head's lines, given one by one without their line ends, into a ``RequestHead``.
///
/// Strict by intent: whatever two readers could understand differently is refused, since a proxy before us may have
/// understood it the other way.
///
/// Source: RFC 9112 3 to 6, RFC 9110 5 and 7.2.
struct HeadParser: Sendable {
    /// Longer than any method registered with IANA.
    private static let longestMethod = 24
    /// Digits of a length. More would be over any limit, and could overflow.
    private static let longestLength = 18

    private let limits: RequestLimits
    private var method: Method?
    private var path = ""
    private var query: String?
    private var version = RequestHead.Version.http11
    private var fields: [RequestHead.Field] = []
    private var hosts = 0
    private var contentLength: Int?
    private var isChunked = false
    private var contentEncoding: RequestHead.ContentEncoding?
    private var saysClose = false
    private var saysKeepAlive = false
    private var expectsContinue = false
    private var acceptsGzip: Bool?

    init(limits: RequestLimits) {
        self.limits = limits
    }

    /// Takes the next line, which lies at `range` of the head's bytes.
    mutating func line(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) {
        if method == nil {
            try requestLine(bytes, range)
        } else {
            try field(bytes, range)
        }
    }

    /// Whether the request line has been read.
    var hasRequestLine: Bool { method != nil }

    // MARK: Request line

    private mutating func requestLine(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) {
        // (1) The method: capital letters, as all registered ones are, with hyphens.
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] != Octet.space { index += 1 }
        let name = range.lowerBound..<index
        guard !name.isEmpty, name.count <= Self.longestMethod, index < range.upperBound else {
            throw .malformed("no method at its start")
        }
        for position in name {
            let octet = bytes[position]
            guard octet >= UInt8(ascii: "A") && octet <= UInt8(ascii: "Z") || octet == UInt8(ascii: "-") else {
                throw .malformed("a method is written in capital letters")
            }
        }
        let method = Method(text(bytes, name))
        guard method != .other("CONNECT"), method != .other("TRACE") else { throw .unsupportedMethod }

        // (2) The target, in origin form: one space on either side, visible ASCII only.
        let targetStart = index + 1
        index = targetStart
        var question: Int?
        while index < range.upperBound, bytes[index] != Octet.space {
            guard Octet.isTarget(bytes[index]) else {
                throw .malformed("a character in the target that has no place there")
            }
            if question == nil, bytes[index] == UInt8(ascii: "?") { question = index }
            index += 1
        }
        guard index > targetStart, bytes[targetStart] == UInt8(ascii: "/"), index < range.upperBound else {
            throw .malformed("the target does not begin with a slash")
        }

        // (3) The version, in capitals, and nothing after it.
        let versionText = bytes.extracting(index + 1..<range.upperBound)
        guard versionText.count == 8, versionText.extracting(0..<5).equalsIgnoringCase("http/"),
            versionText[0] == UInt8(ascii: "H"), versionText[1] == UInt8(ascii: "T"),
            versionText[2] == UInt8(ascii: "T"), versionText[3] == UInt8(ascii: "P"),
            Octet.isDigit.contains(versionText[5]), versionText[6] == UInt8(ascii: "."),
            Octet.isDigit.contains(versionText[7])
        else { throw .malformed("no HTTP version at the end of its first line") }
        switch (versionText[5], versionText[7]) {
        case (UInt8(ascii: "1"), UInt8(ascii: "1")): version = .http11
        case (UInt8(ascii: "1"), UInt8(ascii: "0")): version = .http10
        default: throw .unsupportedVersion
        }
        self.method = method
        path = text(bytes, targetStart..<(question ?? index))
        query = question.map { text(bytes, $0 + 1..<index) }
        fields.reserveCapacity(12)
    }

    // MARK: Fields

    private mutating func field(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) {
        guard fields.count < limits.fields else { throw .tooManyFields(limit: limits.fields) }
        let field = try Self.parseField(bytes, range)
        fields.append(field)
        try heed(bytes.extracting(field.name), bytes.extracting(field.value))
    }

    /// Splits a field line. Folded lines, spaces before the colon and control characters are refused.
    static func parseField(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) -> RequestHead.Field {
        var colon = range.lowerBound
        while colon < range.upperBound, Octet.isToken(bytes[colon]) { colon += 1 }
        guard colon < range.upperBound, bytes[colon] == UInt8(ascii: ":"), colon > range.lowerBound else {
            let first = bytes[range.lowerBound]
            throw .malformed(
                first == Octet.space || first == Octet.tab
                    ? "a folded header line" : "a header field's name is followed by something else than a colon"
            )
        }
        for index in colon + 1..<range.upperBound {
            guard Octet.isFieldValue(bytes[index]) else { throw .malformed("a control character in a header field") }
        }
        return RequestHead.Field(
            name: range.lowerBound..<colon,
            value: bytes.trimmedRange(colon + 1..<range.upperBound)
        )
    }

    /// Takes note of the fields that decide how the rest is read. The length tells most other fields apart first.
    private mutating func heed(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Refusal) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            try heedHost(value)
        case 6 where name.equalsIgnoringCase("expect"):
            guard value.equalsIgnoringCase("100-continue") else { throw .unknownExpectation }
            expectsContinue = true
        case 7 where name.equalsIgnoringCase("upgrade"):
            throw .malformed("it asks to change the protocol")
        case 10 where name.equalsIgnoringCase("connection"):
            try heedConnection(value)
        case 14 where name.equalsIgnoringCase("content-length"):
            try heedLength(value)
        case 15 where name.equalsIgnoringCase("accept-encoding"):
            // Several fields are one list; a second one only ever takes gzip away here.
            acceptsGzip = (acceptsGzip ?? true) && AcceptEncoding.takesGzip(text(value, 0..<value.count))
        case 16 where name.equalsIgnoringCase("content-encoding"):
            try heedContentEncoding(value)
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            try heedTransferEncoding(value)
        default:
            break
        }
    }

    private mutating func heedHost(_ value: Span<UInt8>) throws(Refusal) {
        hosts += 1
        guard hosts == 1 else { throw .malformed("two Host fields") }
        for index in value.indices {
            guard Octet.isHost(value[index]) else { throw .malformed("the Host field is not a host") }
        }
    }

    private mutating func heedConnection(_ value: Span<UInt8>) throws(Refusal) {
        var start = 0
        while start <= value.count {
            var end = start
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            let option = value.extracting(value.trimmedRange(start..<end))
            if option.equalsIgnoringCase("close") { saysClose = true }
            if option.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
            if option.equalsIgnoringCase("upgrade") { throw .malformed("it asks to change the protocol") }
            start = end + 1
        }
    }

    private mutating func heedLength(_ value: Span<UInt8>) throws(Refusal) {
        guard contentLength == nil else { throw .malformed("two Content-Length fields") }
        guard !isChunked else { throw .malformed("both Content-Length and Transfer-Encoding") }
        guard !value.isEmpty, value.count <= Self.longestLength else {
            throw .malformed("Content-Length is not a length")
        }
        var length = 0
        for index in value.indices {
            guard Octet.isDigit.contains(value[index]) else { throw .malformed("Content-Length is not a length") }
            length = length * 10 + Int(value[index] - UInt8(ascii: "0"))
        }
        contentLength = length
    }

    private mutating func heedTransferEncoding(_ value: Span<UInt8>) throws(Refusal) {
        guard !isChunked else { throw .malformed("two Transfer-Encoding fields") }
        guard contentLength == nil else { throw .malformed("both Content-Length and Transfer-Encoding") }
        // RFC 9112 6.1: a 1.0 client cannot have meant it, so the framing is in doubt.
        guard version == .http11 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
        guard value.equalsIgnoringCase("chunked") else { throw .unsupportedTransferEncoding }
        isChunked = true
    }

    private mutating func heedContentEncoding(_ value: Span<UInt8>) throws(Refusal) {
        guard contentEncoding == nil else { throw .unsupportedContentEncoding }
        if value.equalsIgnoringCase("gzip") || value.equalsIgnoringCase("x-gzip") {
            contentEncoding = .gzip
        } else if value.equalsIgnoringCase("identity") || value.isEmpty {
            contentEncoding = .identity
        } else {
            throw .unsupportedContentEncoding
        }
    }

    // MARK: The end of the head

    /// The head, once the empty line has come. `bytes` are what the lines' ranges pointed into.
    func finish(_ bytes: [UInt8]) throws(Refusal) -> RequestHead {
        guard let method else { throw .malformed("no request line") }
        guard hosts == 1 || version == .http10 else { throw .malformed("no Host field") }
        if let contentLength, contentLength > limits.bodyBytes { throw .bodyTooLarge(limit: limits.bodyBytes) }
        return RequestHead(
            method: method,
            path: path,
            query: query,
            version: version,
            framing: isChunked ? .chunked : .length(contentLength ?? 0),
            contentEncoding: contentEncoding ?? .identity,
            keepsAlive: !saysClose && (version == .http11 || saysKeepAlive),
            expectsContinue: expectsContinue && version == .http11,
            acceptsGzip: acceptsGzip ?? false,
            bytes: bytes,
            fields: fields
        )
    }

    private func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        String(copying: bytes, range)
    }
}

extension String {
    /// The text of `range` of `bytes`. Octets that are not UTF-8 are replaced; the caller has checked those that matter.
    init(copying bytes: Span<UInt8>, _ range: Range<Int>) {
        let part = bytes.extracting(range)
        if let text = try? UTF8Span(validating: part) {
            self = String(copying: text)
        } else {
            var octets: [UInt8] = []
            for index in part.indices { octets.append(part[index]) }
            self = String(decoding: octets, as: UTF8.self)
        }
    }
}
