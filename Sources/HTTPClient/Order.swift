import CCurl

/// What the loop needs to know to make one request, redirects not included.
struct Order: Sendable {
    let method: String
    let url: String
    let origin: Origin
    let headers: [(name: String, value: String)]
    let body: [UInt8]?
    let maximumResponseBytes: Int
    let deadline: ContinuousClock.Instant
    /// How long a body that is read as it comes may be silent; nil where the deadline bounds it all.
    let idleTimeout: Duration?
    /// The bundle of authorities; nil for libcurl's default.
    let caPath: String?
    /// The only authorities to trust, whatever ``caPath`` is.
    let onlyAuthorities: String?
    let connectTo: String?
    let proxy: HTTPClient.ProxySettings?
    let clientCertificate: HTTPClient.ClientCertificate?
    let verifiesPeer: Bool
    let awaitsSharing: Bool
    let distrustsSilence: Bool
}

/// What all requests of a client have in common.
struct Environment: Sendable {
    let configuration: HTTPClient.Configuration
    /// Whether the system's bundle file exists, so that the directory of single certificates is not needed.
    let hasSystemBundle: Bool
}

extension EasyHandle {
    /// Sets everything that this client decides, rather than leaving it to libcurl's defaults or the environment.
    func prepare(_ order: Order, _ environment: Environment) throws(HTTPClient.Failure) {
        // (1) Where to, and nowhere else: no other protocol, no redirect, no netrc.
        try set(CURLOPT_URL, order.url)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_NETRC, 0)
        try prepareProxy(order, order.proxy ?? environment.configuration.proxy)
        // Nothing before the colons: whatever the URL names.
        if let place = order.connectTo { try set(CURLOPT_CONNECT_TO, lines: ["::" + place]) }

        // (2) On a thread of a process that has signals of its own, and that may be told to end while DNS hangs.
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, environment.configuration.connectTimeout.milliseconds))
        // With SocketTable's time for data that nobody acknowledges: a network that swallows everything is noticed within
        // a minute, also on a connection that is silent, as that of a watch.
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_TCP_KEEPIDLE, 30)
        try set(CURLOPT_TCP_KEEPINTVL, 10)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)

        // (3) HTTP/2 where TLS offers it, on a connection that others may share; plain text is HTTP/1.1, and must not
        // wait for another connection to turn out to be HTTP/2.
        try set(CURLOPT_HTTP_VERSION, order.origin.isSecure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
        try set(CURLOPT_PIPEWAIT, order.origin.isSecure && order.awaitsSharing ? 1 : 0)
        if order.origin.isSecure { try prepareTLS(order, environment) }
        try prepareMessage(order, environment)
    }

    private func prepareProxy(_ order: Order, _ proxy: HTTPClient.ProxySettings) throws(HTTPClient.Failure) {
        // An empty text, unlike none, keeps libcurl from reading http_proxy and its kin.
        try set(CURLOPT_PROXY, (order.origin.isSecure ? proxy.httpsProxy : proxy.httpProxy) ?? "")
        try set(CURLOPT_NOPROXY, proxy.noProxy ?? "")
    }

    private func prepareTLS(_ order: Order, _ environment: Environment) throws(HTTPClient.Failure) {
        try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try set(CURLOPT_SSL_VERIFYPEER, order.verifiesPeer ? 1 : 0)
        try set(CURLOPT_SSL_VERIFYHOST, order.verifiesPeer ? 2 : 0)
        if let authorities = order.onlyAuthorities {
            // These override the bundle file, not the directory.
            try set(CURLOPT_CAPATH, nil as String?)
            try set(CURLOPT_CAINFO, nil as String?)
            try set(CURLOPT_CAINFO_BLOB, bytes: Array(authorities.utf8))
        } else if environment.hasSystemBundle {
            // libcurl keeps the parsed authorities only when all come from one file, so not from the directory as well.
            try set(CURLOPT_CAPATH, nil as String?)
            if let path = order.caPath { try set(CURLOPT_CAINFO, path) }
        } else {
            // The system's authorities, if there are any, lie in the directory; a file that is not there is an error.
            try set(CURLOPT_CAINFO, order.caPath)
        }
        if let certificate = order.clientCertificate {
            try set(CURLOPT_SSLCERTTYPE, "PEM")
            try set(CURLOPT_SSLKEYTYPE, "PEM")
            try set(CURLOPT_SSLCERT_BLOB, bytes: Array(certificate.certificatePEM.utf8))
            try set(CURLOPT_SSLKEY_BLOB, bytes: Array(certificate.privateKeyPEM.utf8))
        }
    }

    private func prepareMessage(_ order: Order, _ environment: Environment) throws(HTTPClient.Failure) {
        switch (order.method, order.body) {
        case ("GET", nil): try set(CURLOPT_HTTPGET, 1)
        case ("HEAD", nil): try set(CURLOPT_NOBODY, 1)
        case (let method, nil) where !["POST", "PUT", "PATCH"].contains(method):
            try set(CURLOPT_CUSTOMREQUEST, method)
        case (let method, let body):
            try set(body: body ?? [])
            try set(CURLOPT_CUSTOMREQUEST, method)
        }
        // A name without a value takes a header of libcurl's own away: we send bodies at once and name their type.
        var lines = ["Expect:"]
        if !order.headers.contains(where: { $0.name.isEqualIgnoringCase(to: "content-type") }) {
            lines.append("Content-Type:")
        }
        for (name, value) in order.headers {
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        try set(CURLOPT_HTTPHEADER, lines: lines)
        try set(CURLOPT_USERAGENT, environment.configuration.userAgent)
    }
}

extension Duration {
    var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
