import OpenSSL

/// The names that the API server calls us by, which the serving certificate carries.
///
/// Source: Kubernetes, WebhookClientConfig: a service is called as `NAME.NAMESPACE.svc`, a URL by its host.
struct ServingNames: Sendable, Hashable {
    private(set) var dnsNames: [String]
    private(set) var ipAddresses: [String] = []

    init(_ installation: Installation) {
        let base = "\(installation.service).\(installation.namespace)"
        // The API server asks for the third; the others are what people try by hand.
        dnsNames = [installation.service, base, "\(base).svc", "\(base).svc.cluster.local"]
        guard let host = installation.webhookURL.flatMap(Self.host(ofURL:)) else { return }
        if Self.isAddress(host) { ipAddresses.append(host) } else if !dnsNames.contains(host) { dnsNames.append(host) }
    }

    /// Whether a client that asks for any of the names takes the certificate.
    func areCovered(by certificate: Certificate) -> Bool {
        (dnsNames + ipAddresses).allSatisfy(certificate.isFor(host:))
    }

    /// The host of `https://HOST:PORT/…` in small letters, an IPv6 address without its brackets; nil when there is none.
    static func host(ofURL url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        var host: Substring
        if address.first == "[" {
            guard let end = address.firstIndex(of: "]") else { return nil }
            host = address[address.index(after: address.startIndex)..<end]
        } else {
            host = address.prefix { $0 != ":" }
            // A name may end in the dot of the root; certificates leave it out.
            if host.last == "." { host.removeLast() }
        }
        return host.isEmpty ? nil : host.lowercased()
    }

    private static func isAddress(_ host: String) -> Bool {
        if host.contains(":") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }
}
