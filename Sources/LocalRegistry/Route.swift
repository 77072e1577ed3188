import HTTPServer

/// A path of the distribution API (OCI Distribution 1.1, "Endpoints") or of the token server beside it.
enum Route: Equatable {
    case ping
    case manifest(repository: String, reference: String)
    case blob(repository: String, digest: String)
    case uploads(repository: String)
    case upload(repository: String, id: String)
    case referrers(repository: String, digest: String)
    case tags(repository: String)
    case token
    case unknown

    init(path: String) {
        self = Self.route(path: path) ?? .unknown
    }

    /// The repository that a request reads or writes.
    var repository: String? {
        switch self {
        case .manifest(let repository, _), .blob(let repository, _), .uploads(let repository),
            .upload(let repository, _), .referrers(let repository, _), .tags(let repository):
            repository
        case .ping, .token, .unknown: nil
        }
    }

    private static func route(path: String) -> Route? {
        guard let path = PercentEncoding.decode(path) else { return nil }
        if path == "/token" { return .token }
        if path == "/v2" || path == "/v2/" { return .ping }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 5, parts[0].isEmpty, parts[1] == "v2" else { return nil }

        // A repository's name has slashes of its own, so that paths are read from the end.
        let last = parts[parts.count - 1]
        if parts[parts.count - 2] == "uploads", parts[parts.count - 3] == "blobs" {
            guard let repository = name(parts[2..<parts.count - 3]) else { return nil }
            return last.isEmpty ? .uploads(repository: repository) : .upload(repository: repository, id: last)
        }
        if last == "uploads", parts[parts.count - 2] == "blobs" {
            return name(parts[2..<parts.count - 2]).map { .uploads(repository: $0) }
        }
        guard let repository = name(parts[2..<parts.count - 2]), !last.isEmpty else { return nil }
        switch parts[parts.count - 2] {
        case "manifests": return .manifest(repository: repository, reference: last)
        case "blobs": return .blob(repository: repository, digest: last)
        case "referrers": return .referrers(repository: repository, digest: last)
        case "tags" where last == "list": return .tags(repository: repository)
        default: return nil
        }
    }

    private static func name(_ parts: ArraySlice<String>) -> String? {
        guard !parts.isEmpty, parts.allSatisfy(isNamePart) else { return nil }
        return parts.joined(separator: "/")
    }

    private static func isNamePart(_ part: String) -> Bool {
        !part.isEmpty
            && part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}

/// Names and values of a query or a form.
enum Form {
    /// Every value of `name`, decoded. Malformed pairs are passed over.
    static func values(of name: String, in text: String, plusIsSpace: Bool = false) -> [String] {
        text.split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard PercentEncoding.decode(parts[0]) == name else { return nil }
            guard parts.count == 2 else { return "" }
            return PercentEncoding.decode(plusIsSpace ? String(parts[1]).replacing("+", with: " ") : String(parts[1]))
        }
    }
}
