import JSON
import OCI

/// Credentials as Docker's configuration file keeps them.
///
/// Source: docker/cli, "config.json" (`auths`, `credHelpers`, `credsStore`); kubelet's matching of keys, with one
/// difference: a path prefix ends at a `/` (the kubelet sends the password for `host/org` to `host/organism`).
public struct DockerConfig: Sendable {
    /// Where an image's credentials are.
    enum Source: Sendable, Hashable {
        case credentials(Credentials)
        /// Ask `docker-credential-<name>` for `server`.
        case helper(name: String, server: String)
    }

    /// Secrets of this kind are a few KiB; etcd keeps objects below 1.5 MiB.
    static let maximumBytes = 2 << 20
    /// A host name has 253 bytes at most, a repository's path 255.
    static let maximumKeyBytes = 512
    /// User and password, or a token: what goes into a header, of which servers take no more than this. Those of large
    /// clouds have some 3 KB.
    static let maximumCredentialBytes = 16 << 10

    /// The most specific first.
    let entries: [(pattern: RegistryPattern, credentials: Credentials)]
    /// By host.
    private let helpers: [String: String]
    private let store: String?

    /// Reads `config.json` (or a Secret's `.dockerconfigjson`).
    ///
    /// - Throws: ``DockerConfigError``, which names the entry and never its value.
    public init(parsing bytes: [UInt8]) throws(DockerConfigError) {
        let root: Value
        do throws(ParseError) {
            root = try Document(bytes, limits: ParseLimits(maximumBytes: Self.maximumBytes)).root
        } catch {
            throw DockerConfigError(field: "", reason: "\(error)")
        }
        guard root.kind == .object else { throw DockerConfigError(field: "", reason: "it is not a JSON object") }

        var entries: [(pattern: RegistryPattern, credentials: Credentials)] = []
        for (key, value) in try Self.members(root["auths"], "auths") {
            guard let pattern = RegistryPattern(key) else { continue }
            guard let credentials = try Self.credentials(value, "auths[\"\(key)\"]") else { continue }
            entries.append((pattern, credentials))
        }
        // The most specific first, so that the first that matches is the one.
        self.entries = entries.sorted { $0.pattern.specificity > $1.pattern.specificity }

        var helpers: [String: String] = [:]
        for (key, value) in try Self.members(root["credHelpers"], "credHelpers") {
            guard let pattern = RegistryPattern(key) else { continue }
            helpers[pattern.host] = try Self.helperName(value, "credHelpers[\"\(key)\"]")
        }
        self.helpers = helpers
        if let value = root["credsStore"], !value.isNull, !value.equals("") {
            store = try Self.helperName(value, "credsStore")
        } else {
            store = nil
        }
    }

    /// Reads what `auths` holds alone: `.dockercfg`, the older form of the file and of pull secrets.
    ///
    /// - Throws: ``DockerConfigError``, which names the entry and never its value.
    public init(parsingLegacy bytes: [UInt8]) throws(DockerConfigError) {
        try self.init(parsing: Array(#"{"auths":"#.utf8) + bytes + Array("}".utf8))
    }

    /// Where the credentials for `repository` are: its host's own helper, the most specific entry, the store of all.
    func source(for repository: Repository) -> Source {
        let host = RegistryPattern.canonicalHost(repository.registry)
        let server = host == RegistryPattern.hub ? RegistryPattern.hubServer : host
        if let name = helpers[host] { return .helper(name: name, server: server) }
        if let entry = entries.first(where: { $0.pattern.matches(host: host, path: repository.path) }) {
            return .credentials(entry.credentials)
        }
        if let store { return .helper(name: store, server: server) }
        return .credentials(.anonymous)
    }

    private static func members(
        _ value: Value?, _ field: String
    ) throws(DockerConfigError) -> [(key: String, value: Value)] {
        guard let value, !value.isNull else { return [] }
        guard value.kind == .object else { throw DockerConfigError(field: field, reason: "it is not an object") }
        let members = Array(value.members)
        guard members.allSatisfy({ $0.key.utf8.count <= maximumKeyBytes }) else {
            throw DockerConfigError(field: field, reason: "a key of it is longer than \(maximumKeyBytes) bytes")
        }
        return members
    }

    /// nil for an entry without credentials, which Docker writes when a helper has them.
    private static func credentials(_ value: Value, _ field: String) throws(DockerConfigError) -> Credentials? {
        guard let credentials = try written(value, field) else { return nil }
        guard credentials.textBytes <= maximumCredentialBytes else {
            throw DockerConfigError(field: field, reason: "it holds more than \(maximumCredentialBytes) bytes")
        }
        return credentials
    }

    private static func written(_ value: Value, _ field: String) throws(DockerConfigError) -> Credentials? {
        guard value.kind == .object else { throw DockerConfigError(field: field, reason: "it is not an object") }
        if let token = value["identitytoken"]?.string, !token.isEmpty { return .identityToken(Secret(token)) }
        if let auth = value["auth"]?.string, !auth.isEmpty {
            // Kubernetes takes base64 without its padding, and so do people's secrets.
            let padding = String(repeating: "=", count: (4 - auth.utf8.count % 4) % 4)
            guard let bytes = Base64.decode(auth + padding), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
                let user = String(validating: bytes[..<colon], as: UTF8.self),
                let password = String(validating: bytes[(colon + 1)...], as: UTF8.self)
            else { throw DockerConfigError(field: field + ".auth", reason: "it is not base64 of user:password") }
            return .basic(user: user, password: Secret(password))
        }
        guard let user = value["username"]?.string, !user.isEmpty else { return nil }
        return .basic(user: user, password: Secret(value["password"]?.string ?? ""))
    }

    /// The name becomes part of a program's: letters, digits, `-`, `_` and `.`, so that it cannot be a path.
    private static func helperName(_ value: Value, _ field: String) throws(DockerConfigError) -> String {
        guard let name = value.string, let first = name.utf8.first, name.utf8.count <= 64, isAlphanumeric(first),
            name.utf8.allSatisfy({ isAlphanumeric($0) || "-_.".utf8.contains($0) })
        else { throw DockerConfigError(field: field, reason: "it is not the name of a credential helper") }
        return name
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}

/// Why a Docker configuration file cannot be used.
public struct DockerConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The entry, empty for the whole file.
    public let field: String
    public let reason: String

    public var description: String {
        "Docker configuration" + (field.isEmpty ? "" : ", " + field) + ": " + reason
    }
}
