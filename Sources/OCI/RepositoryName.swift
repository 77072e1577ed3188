/// The `[host/]path` part of a reference, read and normalised, with what is needed to match it against policies.
struct RepositoryName {
    let repository: Repository
    /// Every way to write the repository (`registry/path`) that a policy may have chosen; the normalised one first.
    let forms: [String]

    /// The registry of names that give none.
    static let defaultRegistry = "docker.io"
    /// Where Docker's registry keeps repositories of one name.
    static let officialPrefix = "library/"
    /// Hosts that serve the same repositories as `docker.io`. The first is rewritten, as container runtimes do; the
    /// second is a host of its own to them, but a rule about `docker.io` must not be slipped past by naming it.
    static let defaultRegistryAliases = ["index.docker.io", "registry-1.docker.io"]

    /// Reads `[host[:port]/]path`; `text` is what an error quotes.
    init(parsing name: Substring, of text: String) throws(ReferenceError) {
        // (1) The first element is a registry only if it looks like a host.
        let slash = name.utf8.firstIndex(of: UInt8(ascii: "/"))
        let host: Substring
        let writtenPath: Substring
        if let slash, Self.isRegistry(name[..<slash]) {
            host = name[..<slash]
            writtenPath = name[name.utf8.index(after: slash)...]
        } else {
            host = Self.defaultRegistry[...]
            writtenPath = name
        }

        // (2) Both parts follow the grammar.
        let registry = try Self.normalize(host, of: text)
        if let problem = ReferenceGrammar.problem(inPath: writtenPath) { throw ReferenceError(text, problem) }

        // (3) Docker's short names are written out.
        var path = String(writtenPath)
        let isDefault = registry == Self.defaultRegistry
        if isDefault && !path.utf8.contains(UInt8(ascii: "/")) { path = Self.officialPrefix + path }
        guard path.utf8.count <= ReferenceGrammar.maximumPathLength else { throw ReferenceError(text, .pathTooLong) }
        repository = Repository(registry: registry, path: path)
        forms = Self.forms(of: repository, writtenHost: String(host))
    }

    private static func isRegistry(_ element: Substring) -> Bool {
        element == "localhost"
            || element.utf8.contains { byte in
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || ReferenceGrammar.isUpper(byte)
            }
    }

    /// The host in lower case (names of hosts do not differ by case) and the port without leading zeros.
    private static func normalize(_ host: Substring, of text: String) throws(ReferenceError) -> String {
        var name = host
        var suffix = ""
        let afterAddress = host.utf8.lastIndex(of: UInt8(ascii: "]")) ?? host.startIndex
        if let colon = host[afterAddress...].utf8.firstIndex(of: UInt8(ascii: ":")) {
            name = host[..<colon]
            guard let port = ReferenceGrammar.port(host[host.utf8.index(after: colon)...]) else {
                throw ReferenceError(text, .port)
            }
            suffix = ":\(port)"
        }
        guard ReferenceGrammar.isHost(name) else { throw ReferenceError(text, .host) }
        // A host that only its upper-case letters mark as one keeps them, or its name would mean a path of docker.io.
        // Lower-casing is for the few hosts that need it.
        let hasUpper = name.utf8.contains(where: ReferenceGrammar.isUpper)
        let lowered = (hasUpper ? name.lowercased() : String(name)) + suffix
        let registry = !hasUpper || isRegistry(lowered[...]) ? lowered : String(host)
        return registry == defaultRegistryAliases[0] ? defaultRegistry : registry
    }

    /// Spellings of one repository: a rule for any of them is a rule for all.
    private static func forms(of repository: Repository, writtenHost: String) -> [String] {
        // The host as normalised, as written (a policy may have copied it), without https's own port, and Docker's
        // hosts by their common name.
        var hosts = [repository.registry]
        if writtenHost != repository.registry { hosts.append(writtenHost) }
        if repository.registry.hasSuffix(":443") { hosts.append(String(repository.registry.dropLast(4))) }
        let isAlias = hosts.contains(where: defaultRegistryAliases.contains)
        if isAlias && !hosts.contains(defaultRegistry) { hosts.append(defaultRegistry) }

        var forms: [String] = []
        for host in hosts {
            forms.append(host + "/" + repository.path)
            if host == defaultRegistry, let name = repository.officialName { forms.append(host + "/" + name) }
        }
        return forms
    }
}
