/// What a service answers.
///
/// The server adds Date, Content-Length, Connection and, when it packs the body, Content-Encoding and Vary.
public struct Response: Sendable {
    public var status: Int
    /// The Content-Type; empty for none.
    public var contentType: String
    /// Further fields. Characters that would end a line are written as spaces.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Whether the connection ends with this response.
    public var closesConnection = false

    public init(
        status: Int = 200,
        contentType: String = "text/plain; charset=utf-8",
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// A line of text.
    public init(status: Int, text: String) {
        self.init(status: status, body: Array((text + "\n").utf8))
    }

    init(_ refusal: Refusal) {
        self.init(status: refusal.status, text: refusal.description)
        if refusal == .unsupportedContentEncoding { headers.append(("Accept-Encoding", "gzip")) }
        closesConnection = true
    }
}
