/// How much of a request is read before it is refused.
public struct RequestLimits: Sendable, Equatable {
    /// Bytes of request line and fields together. 32 KiB: four times what Go and nginx send by default, with room for
    /// long bearer tokens; an API server's head is under 1 KiB.
    public var headBytes = 32 * 1024
    /// Bytes of the request line. 8,000 octets is what RFC 9112 3 asks servers to take.
    public var requestLineBytes = 8 * 1024
    /// Header fields. An API server sends about eight.
    public var fields = 100
    /// Bytes of the body, after chunks are joined and gzip is unfolded. 8 MiB: an object may be 3 MiB in etcd's largest
    /// setting, and a review carries it twice (object and oldObject).
    public var bodyBytes = 8 * 1024 * 1024
    /// Bytes of chunk extensions in one request. Nobody sends any; they cost the sender nothing and us reading.
    public var chunkExtensionBytes = 4 * 1024
    /// Bytes of trailer fields after the last chunk. They are checked and dropped.
    public var trailerBytes = 8 * 1024

    public init() {}
    public static let standard = RequestLimits()
}
