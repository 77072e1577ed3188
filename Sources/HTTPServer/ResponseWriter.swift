/// Writes responses in HTTP/1.1's form.
///
/// Source: RFC 9112 4 and 6, RFC 9110 6.6.1, 8.4, 8.6 and 12.5.5.
enum ResponseWriter {
    /// What the exchange asks of the response's form.
    struct Form {
        var isHead = false
        var isHTTP10 = false
        var closes = false
        /// The body is gzip.
        var isPacked = false
        /// The body would be, or is, packed for clients that take it.
        var varies = false
    }

    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends `response` to `output`. `dateLine` is a whole header line.
    static func write(_ response: Response, _ form: Form, dateLine: [UInt8], to output: inout [UInt8]) {
        let hasBody = response.status != 204 && response.status != 304
        output.reserveCapacity(output.count + 256 + (form.isHead ? 0 : response.body.count))
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        append(decimal: response.status, to: &output)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: reason(response.status).utf8)
        output.append(contentsOf: "\r\n".utf8)
        output.append(contentsOf: dateLine)
        if hasBody {
            if !response.contentType.isEmpty { append("Content-Type", response.contentType, to: &output) }
            output.append(contentsOf: "Content-Length: ".utf8)
            append(decimal: response.body.count, to: &output)
            output.append(contentsOf: "\r\n".utf8)
            if form.isPacked { append("Content-Encoding", "gzip", to: &output) }
            if form.varies { append("Vary", "Accept-Encoding", to: &output) }
        }
        for (name, value) in response.headers { append(name, value, to: &output) }
        if form.closes {
            append("Connection", "close", to: &output)
        } else if form.isHTTP10 {
            append("Connection", "keep-alive", to: &output)
        }
        output.append(contentsOf: "\r\n".utf8)
        if hasBody, !form.isHead { output.append(contentsOf: response.body) }
    }

    private static func append(_ name: String, _ value: String, to output: inout [UInt8]) {
        for octet in name.utf8 where Octet.isToken(octet) { output.append(octet) }
        output.append(contentsOf: ": ".utf8)
        for octet in value.utf8 { output.append(Octet.isFieldValue(octet) ? octet : Octet.space) }
        output.append(contentsOf: "\r\n".utf8)
    }

    private static func append(decimal number: Int, to output: inout [UInt8]) {
        output.append(contentsOf: String(number).utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "-"
        }
    }
}
