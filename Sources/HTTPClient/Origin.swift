import CCurl

/// Scheme, host and port of a URL: what credentials belong to (RFC 6454). Parsed by libcurl's own parser, so that no
/// two readers can disagree about where a request goes.
struct Origin: Hashable {
    let scheme: String
    let host: String
    let port: String

    var isSecure: Bool { scheme == "https" }

    /// - Throws: ``HTTPClient/Failure/malformed(_:)`` for what is no absolute http or https URL, or holds credentials.
    init(of url: String) throws(HTTPClient.Failure) {
        guard let parser = unsafe curl_url() else { throw .malformed("out of memory") }
        defer { unsafe curl_url_cleanup(parser) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER)
        guard unsafe curl_url_set(parser, CURLUPART_URL, url, flags) == CURLUE_OK else {
            throw .malformed(url.contains("@") ? "a URL with credentials, or none at all" : "\"\(url)\" is not a URL")
        }
        func part(_ part: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard unsafe curl_url_get(parser, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK,
                let text = unsafe text
            else { return nil }
            defer { unsafe curl_free(text) }
            return unsafe String(cString: text).lowercasedASCII
        }
        guard let scheme = part(CURLUPART_SCHEME), ["http", "https"].contains(scheme) else {
            throw .malformed("\"\(url)\" is neither http nor https")
        }
        guard let host = part(CURLUPART_HOST), let port = part(CURLUPART_PORT) else {
            throw .malformed("\"\(url)\" names no host")
        }
        self.scheme = scheme
        self.host = host
        self.port = port
    }
}
