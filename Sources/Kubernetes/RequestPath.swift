/// Where the API server keeps things, as the path of a URL.
///
/// Source: Kubernetes, "Kubernetes API Concepts", Resource URIs.
enum RequestPath {
    /// All objects of a type, or those of a namespace.
    static func list(_ type: ResourceType, namespace: String?) throws(APIFailure) -> String {
        let scope = type.isNamespaced ? namespace.map { ["namespaces", $0] } ?? [] : []
        return try version(group: type.group, type.version) + join(scope + [type.plural])
    }

    /// What a version of a group has.
    static func version(group: String, _ version: String) throws(APIFailure) -> String {
        try join(group.isEmpty ? ["api", version] : ["apis", group, version])
    }

    static func object(_ type: ResourceType, _ name: ObjectName, subresource: String?) throws(APIFailure) -> String {
        guard !type.isNamespaced || name.namespace?.isEmpty == false else {
            throw .malformed("\(type) \"\(name.name)\" without its namespace")
        }
        let path = try list(type, namespace: name.namespace) + join([name.name])
        return try path + (subresource.map { sub throws(APIFailure) in try join([sub]) } ?? "")
    }

    /// A path that somebody else made, without its query: refused where it would be read as another one.
    static func checked(_ path: String) throws(APIFailure) -> String {
        let name = path.prefix { $0 != "?" }
        let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isDirect = parts.allSatisfy { part in
            let part = part.lowercased().replacing("%2e", with: ".")
            return part != "." && part != ".." && !part.contains("%2f") && !part.contains("\\")
        }
        guard path.hasPrefix("/"), !path.hasPrefix("//"), isPlain, isDirect else {
            throw .malformed("\"\(path)\" is not a path of the API")
        }
        return path
    }

    /// What a path is counted as: the resource as RBAC has it, which are few; never a name, of which there is no end.
    static func label(of path: String) -> String {
        let parts = path.prefix { $0 != "?" }.split(separator: "/").map(String.init)
        // Below /api/VERSION and /apis/GROUP/VERSION.
        let depth = parts.first == "api" ? 2 : 3
        guard parts.first == "api" || parts.first == "apis" else { return "apiCall" }
        guard parts.count > depth else { return "discovery" }
        var rest = parts.dropFirst(depth)
        if rest.count > 2, rest.first == "namespaces" { rest = rest.dropFirst(2) }
        guard let plural = rest.first, plural.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) else { return "apiCall" }
        return depth == 2 ? plural : "\(plural).\(parts[1])"
    }

    static func query(_ items: [(name: String, value: String)]) -> String {
        items.isEmpty ? "" : "?" + items.map { "\($0.name)=\(encode($0.value))" }.joined(separator: "&")
    }

    /// `/` before each part. A part cannot leave its place, whatever it holds.
    private static func join(_ parts: [String]) throws(APIFailure) -> String {
        for part in parts where part.isEmpty || part == "." || part == ".." {
            throw .malformed("\"\(part)\" is not a name")
        }
        return parts.map { "/" + encode($0) }.joined()
    }

    /// All but the unreserved characters of RFC 3986 as `%XX`.
    static func encode(_ text: String) -> String {
        var result: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
