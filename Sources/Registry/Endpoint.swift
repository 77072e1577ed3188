import OCI

/// How a registry's host is reached.
struct Endpoint: Sendable, Hashable {
    enum Scheme: String, Sendable {
        case https
        case http
    }

    /// `host[:port]` that requests go to.
    let host: String
    /// Whether plain http may be spoken: loopback, or named by the operator.
    let allowsPlainHTTP: Bool

    /// - Parameter insecureHosts: in lower case.
    init(registry: String, insecureHosts: Set<String>) {
        // The hub's API is not where its name is.
        host = registry == "docker.io" ? "registry-1.docker.io" : registry
        allowsPlainHTTP = Self.allowsPlainHTTP(registry, insecureHosts: insecureHosts)
    }

    /// `authority` is `host` or `host:port`.
    static func allowsPlainHTTP(_ authority: String, insecureHosts: Set<String>) -> Bool {
        let authority = authority.lowercased()
        let name = hostName(of: authority)
        return isLoopback(name) || insecureHosts.contains(name) || insecureHosts.contains(authority)
    }

    /// `authority` without its port.
    private static func hostName(of authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }

    /// `localhost`, `[::1]` and `127.0.0.0/8` in full: a name such as `127.example.com` is somebody's host.
    private static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name == "[::1]" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && (Int(part) ?? 256) < 256
            }
    }

    /// The schemes to try, in order: https first also where http is allowed, so that a registry on loopback may have TLS.
    var schemes: [Scheme] { allowsPlainHTTP ? [.https, .http] : [.https] }

    func url(_ scheme: Scheme, _ path: String) -> String { "\(scheme.rawValue)://\(host)\(path)" }
}
