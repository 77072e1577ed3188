import HTTPClient

/// Where an API server is, how to know it, and who we are to it.
public struct ClusterConfiguration: Sendable {
    /// `https://host:port`, and a path where the API is behind one; without a `/` at the end.
    public let server: String
    /// The namespace of the service account or of the context; nil where neither names one.
    public internal(set) var namespace: String?
    /// Whether it is that of the pod that this process runs in: then ``namespace`` is the pod's.
    public internal(set) var isInCluster = false

    /// The only authorities that may vouch for the API server; nil for those that the client trusts anyway.
    var authorities: Material?
    var verifiesServer = true
    /// What the API server's certificate calls it, where that is not the host of ``server``.
    var serverName: String?
    /// Nil for the client's.
    var proxy: HTTPClient.ProxySettings?
    var credentials = CredentialSource()

    /// An API server, its authorities as PEM text, and a bearer token.
    ///
    /// - Throws: ``APIFailure/credentials(_:)`` for a URL that cannot be used, or would show the token to everybody.
    public init(server: String, authorities: String? = nil, token: String? = nil) throws(APIFailure) {
        try self.init(
            server: server, authorities: authorities.map { .text(Secret($0)) },
            credentials: CredentialSource(bearer: token.map { .token(.text(Secret($0))) }))
    }

    init(
        server: String, authorities: Material?, credentials: CredentialSource
    ) throws(APIFailure) {
        let url = server.contains("://") ? server : "https://" + server
        let trimmed = String(url.reversed().drop { $0 == "/" }.reversed())
        let place = try ServerPlace(trimmed)
        guard place.isSecure || credentials == CredentialSource() else {
            throw .credentials("\(server) is no https, and would show the credentials to everybody")
        }
        self.server = trimmed
        self.authorities = authorities
        self.credentials = credentials
    }
}

/// The parts of an API server's URL.
struct ServerPlace: Sendable {
    let isSecure: Bool
    /// As in the URL: an IPv6 address in brackets.
    let host: String
    let port: Int
    /// Empty, or beginning with `/`.
    let path: String

    init(_ url: String) throws(APIFailure) {
        // Not quoted: it may hold a password.
        let failure = APIFailure.credentials(
            "the server's URL cannot be used: https://HOST:PORT is needed, with no user, query or fragment in it")
        guard let end = url.firstRange(of: "://") else { throw failure }
        let scheme = url[..<end.lowerBound].lowercased()
        let rest = url[end.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard scheme == "https" || scheme == "http",
            !rest.contains(where: { $0 == "@" || $0 == "?" || $0 == "#" || $0 == "\\" || $0.isWhitespace })
        else { throw failure }
        isSecure = scheme == "https"
        path = String(rest[authority.endIndex...])

        // The colon before the port is the one after the brackets.
        let bracket = authority.lastIndex(of: "]") ?? authority.startIndex
        let colon = authority[bracket...].firstIndex(of: ":")
        host = String(authority[..<(colon ?? authority.endIndex)])
        let digits = colon.map { authority[authority.index(after: $0)...] }
        guard !host.isEmpty, let port = digits.map({ Int($0) }) ?? (isSecure ? 443 : 80), (1...65_535).contains(port)
        else { throw failure }
        self.port = port
    }
}
