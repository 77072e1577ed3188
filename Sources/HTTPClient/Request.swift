extension HTTPClient {
    /// A certificate and its key with which the client proves itself to one server, as PEM text. The certificate may be
    /// followed by its chain.
    public struct ClientCertificate: Sendable, Equatable {
        public var certificatePEM: String
        public var privateKeyPEM: String

        public init(certificatePEM: String, privateKeyPEM: String) {
            self.certificatePEM = certificatePEM
            self.privateKeyPEM = privateKeyPEM
        }
    }

    public struct Request: Sendable {
        public var method: String
        /// Absolute, `http` or `https`, without user name and password.
        public var url: String
        /// Sent as they are. `Content-Length` and `Transfer-Encoding` are the client's own and are refused.
        public var headers: [(name: String, value: String)]
        public var body: [UInt8]?
        /// A longer body of a response is refused as soon as that is known; nothing is returned of it. Where the body is
        /// read as it comes (``HTTPClient/open(_:idleTimeout:)``): how much of it may wait for its reader.
        public var maximumResponseBytes: Int
        /// When the whole exchange, redirects included, must be over; of a body that is read as it comes, when it begins.
        public var deadline: ContinuousClock.Instant
        /// How many redirects may be followed; 0 makes a redirect a failure.
        public var maximumRedirects: Int
        /// A PEM file of authorities to trust besides the system's and the client's own.
        public var caFile: String?
        /// PEM text of the authorities to trust, and no others: neither the system's nor the client's nor ``caFile``'s.
        public var onlyAuthorities: String?
        /// Where to connect instead of the URL's host and port, as `host:port` (an IPv6 address in brackets). The URL
        /// still says what the server is called: in the TLS handshake, on its certificate, and in `Host`.
        public var connectTo: String?
        /// The proxy of this request; nil for the client's. Empty settings are no proxy.
        public var proxy: ProxySettings?
        /// Shown to the server of `url`, never to one that it redirects to.
        public var clientCertificate: ClientCertificate?
        /// False accepts any certificate, of the server of `url` only: one that it redirects to is verified.
        public var verifiesPeer: Bool
        /// Whether to wait for a connection that is being made, which may carry several requests at once (HTTP/2).
        ///
        /// To be turned off where plain text may be spoken at the same host and port: libcurl cannot tell the two apart
        /// and would wait for the end of whatever is asked there, however long it stalls.
        public var awaitsSharing: Bool
        /// Whether a deadline that passes without an answer speaks against the connection, if nothing else came from the
        /// server meanwhile: it is closed, and whatever else it carries fails too, rather than that later requests share
        /// it (HTTP/2) in vain.
        public var distrustsSilence: Bool

        public init(
            method: String = "GET",
            url: String,
            headers: [(name: String, value: String)] = [],
            body: [UInt8]? = nil,
            maximumResponseBytes: Int,
            deadline: ContinuousClock.Instant,
            maximumRedirects: Int = 5,
            caFile: String? = nil,
            onlyAuthorities: String? = nil,
            connectTo: String? = nil,
            proxy: ProxySettings? = nil,
            clientCertificate: ClientCertificate? = nil,
            verifiesPeer: Bool = true,
            awaitsSharing: Bool = true,
            distrustsSilence: Bool = false
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.maximumResponseBytes = maximumResponseBytes
            self.deadline = deadline
            self.maximumRedirects = maximumRedirects
            self.caFile = caFile
            self.onlyAuthorities = onlyAuthorities
            self.connectTo = connectTo
            self.proxy = proxy
            self.clientCertificate = clientCertificate
            self.verifiesPeer = verifiesPeer
            self.awaitsSharing = awaitsSharing
            self.distrustsSilence = distrustsSilence
        }
    }

    public struct Response: Sendable {
        public let status: Int
        public let headers: Headers
        /// As it came: no content coding is asked for and none is undone, because digests are over bytes.
        public let body: [UInt8]
        /// Where the answer came from, after redirects.
        public let finalURL: String
    }
}

extension HTTPClient.Request {
    /// Refuses what would let a caller's text change the framing of the request (RFC 9112 2.2, 6).
    func validate() throws(HTTPClient.Failure) {
        guard !method.isEmpty, method.utf8.allSatisfy(\.isTokenCharacter) else {
            throw .malformed("\"\(method)\" is not an HTTP method")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .malformed("the URL holds a space or a control character")
        }
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenCharacter) else {
                throw .malformed("\"\(name)\" is not a header's name")
            }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .malformed("the value of header \(name) holds a control character")
            }
            for reserved in ["content-length", "transfer-encoding"] where name.isEqualIgnoringCase(to: reserved) {
                throw .malformed("header \(name) is set by the client itself")
            }
        }
    }
}
