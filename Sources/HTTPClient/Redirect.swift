/// How a redirect changes a request (RFC 9110 15.4). libcurl follows none by itself: where credentials may go is
/// decided here, in one place.
enum Redirect {
    /// Headers that speak for the caller to one origin only. A registry that redirects a blob to its storage must not
    /// carry them there (containerd CVE-2020-15157).
    static let credentialHeaders = ["authorization", "cookie", "proxy-authorization"]

    /// The request to make after `status`, or nil when the answer is final.
    ///
    /// - Parameter target: the absolute URL that `Location` resolved to.
    static func next(
        after status: Int, target: String?, from request: HTTPClient.Request
    ) throws(HTTPClient.Failure) -> HTTPClient.Request? {
        guard [301, 302, 303, 307, 308].contains(status), let target else { return nil }
        let (old, new) = (try Origin(of: request.url), try origin(ofTarget: target))

        // (1) Never from TLS to plain text, also not when the rest of the origin is the same.
        if old.isSecure && !new.isSecure {
            throw .redirectRefused("\(old.host) redirects from https to \(target)")
        }

        // (2) Not more often than the caller allows.
        guard request.maximumRedirects > 0 else { throw .tooManyRedirects }
        var next = request
        next.url = target
        next.maximumRedirects -= 1

        // (3) What speaks for the caller stays with the origin that it was meant for.
        if old != new {
            next.headers.removeAll { header in
                credentialHeaders.contains { header.name.isEqualIgnoringCase(to: $0) }
            }
            next.clientCertificate = nil
            next.verifiesPeer = true
            next.connectTo = nil
        }

        // (4) 303 asks for a GET; 301 and 302 after a POST have come to mean the same.
        if (status == 303 && request.method != "HEAD") || (status < 303 && request.method == "POST") {
            next.method = "GET"
            next.body = nil
            next.headers.removeAll { $0.name.isEqualIgnoringCase(to: "content-type") }
        }
        return next
    }

    private static func origin(ofTarget target: String) throws(HTTPClient.Failure) -> Origin {
        do {
            return try Origin(of: target)
        } catch {
            throw .redirectRefused("\(error)")
        }
    }
}
