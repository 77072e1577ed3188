extension HTTPClient {
    /// Which proxy requests go through. Data, as everything: who starts the process reads the environment.
    public struct ProxySettings: Sendable, Equatable {
        /// For `https` URLs: `http://host:port` or `https://host:port`, with `user:password@` where needed.
        public var httpsProxy: String?
        /// For `http` URLs.
        public var httpProxy: String?
        /// Hosts that are reached directly, separated by commas: names with their subdomains, addresses, CIDR ranges,
        /// `*`.
        public var noProxy: String?

        public init(httpsProxy: String? = nil, httpProxy: String? = nil, noProxy: String? = nil) {
            self.httpsProxy = httpsProxy
            self.httpProxy = httpProxy
            self.noProxy = noProxy
        }

        /// The proxy variables of an environment: `https_proxy` and `no_proxy` in either case, `http_proxy` in this one
        /// only, as a CGI program gets the other from whoever asks it. As in Go, this machine is always reached directly.
        public init(environment: [String: String]) {
            func value(_ name: String) -> String? {
                let text = environment[name] ?? environment[name.uppercased()]
                return text?.isEmpty == false ? text : nil
            }
            let direct = value("no_proxy")
            // libcurl takes the star for everything only where it stands alone.
            let isEverything = direct?.split(separator: ",").contains { String($0).trimmingBlanks == "*" } ?? false
            self.init(
                httpsProxy: value("https_proxy"), httpProxy: environment["http_proxy"],
                noProxy: isEverything ? "*" : ([direct].compactMap(\.self) + Self.loopback).joined(separator: ","))
        }

        private static let loopback = ["localhost", "127.0.0.0/8", "::1"]
    }

    public struct Configuration: Sendable {
        /// A PEM file of authorities to trust besides the system's. It is read once, when the client is made.
        public var caFile: String?
        /// More requests to the same host and port than this wait for a connection. HTTP/2 shares one; over HTTP/1.1
        /// each watch of an API server holds one, and some twenty of them must leave room for requests.
        public var maximumConnectionsPerHost: Int
        public var connectTimeout: Duration
        public var userAgent: String
        public var proxy: ProxySettings

        public init(
            caFile: String? = nil,
            maximumConnectionsPerHost: Int = 64,
            connectTimeout: Duration = .seconds(5),
            userAgent: String = "countersign",
            proxy: ProxySettings = ProxySettings()
        ) {
            self.caFile = caFile
            self.maximumConnectionsPerHost = maximumConnectionsPerHost
            self.connectTimeout = connectTimeout
            self.userAgent = userAgent
            self.proxy = proxy
        }
    }

    /// Of one response, over all its header lines, interim answers and trailers included. Registries send well under
    /// 8 KiB; a page link or a token challenge can be long.
    public static let maximumHeaderBytes = 64 << 10

    /// Connections open at once, over all hosts. One process talks to a handful of registries and one API server.
    static let maximumConnections = 256
}
