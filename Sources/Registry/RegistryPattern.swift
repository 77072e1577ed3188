/// A key of Docker's `auths`: a host, perhaps with `*`, perhaps with a path that repositories must begin with.
struct RegistryPattern: Sendable, Hashable, CustomStringConvertible {
    /// `host` or `host:port`, in lower case; Docker's hosts by their common name.
    let host: String
    /// Path components that a repository must begin with.
    private let path: [Substring]

    static let hub = "docker.io"
    /// What Docker calls the hub, in its file and to credential helpers.
    static let hubServer = "https://index.docker.io/v1/"
    private static let hubAliases: Set = ["docker.io", "index.docker.io", "registry-1.docker.io"]

    /// Reads `host`, `host/path`, and URLs with either; nil for what names no host.
    init?(_ key: String) {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            break
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty else { return nil }
        self.host = Self.canonicalHost(String(host))
        var path = parts.count == 2 ? parts[1].split(separator: "/") : []
        // The API's version in old keys is no path of repositories.
        if let first = path.first, first == "v1" || first == "v2" { path.removeFirst() }
        self.path = path
    }

    /// `host/path`, which reads back as the same pattern.
    var description: String { ([host[...]] + path).joined(separator: "/") }

    static func canonicalHost(_ host: String) -> String {
        let host = host.lowercased()
        return hubAliases.contains(host) ? hub : host
    }

    /// Longer paths come before shorter ones, then names before globs, then longer names.
    var specificity: (Int, Int, Int) { (path.count, host.contains("*") ? 0 : 1, host.utf8.count) }

    func matches(host: String, path: String) -> Bool {
        matches(host: host) && path.split(separator: "/").starts(with: self.path)
    }

    /// As the kubelet has it: `*` stands for part of one label, and the number of labels and the port are the same.
    private func matches(host: String) -> Bool {
        if host == self.host { return true }
        guard self.host.utf8.contains(UInt8(ascii: "*")), !self.host.hasPrefix("[") else { return false }
        let (pattern, name) = (Self.split(self.host), Self.split(host))
        return pattern.port == name.port && pattern.labels.count == name.labels.count
            && zip(pattern.labels, name.labels).allSatisfy { Self.glob($0, matches: $1) }
    }

    private static func split(_ host: String) -> (labels: [Substring], port: Substring?) {
        let parts = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let labels = (parts.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        return (labels, parts.count == 2 ? parts[1] : nil)
    }

    /// Whether `text` begins with what is before the first `*`, ends with what is after the last, and has the rest in
    /// order between.
    private static func glob(_ pattern: Substring, matches text: Substring) -> Bool {
        let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard pieces.count > 1, let first = pieces.first, let last = pieces.last else { return pattern == text }
        guard text.hasPrefix(first), text.utf8.count >= first.utf8.count + last.utf8.count, text.hasSuffix(last) else {
            return false
        }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
