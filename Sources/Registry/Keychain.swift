import JSON
import OCI
import OpenSSL

/// Credentials that come with a request, as the pull secrets of a Pod do: what somebody brings to open registries with.
///
/// Unlike a ``DockerConfig`` it never runs helpers, since whoever writes a Secret may not have us run programs.
/// Two keychains with the same entries are equal, wherever they come from: what one opens the other does.
public struct Keychain: Sendable {
    struct Entry: Sendable {
        let pattern: RegistryPattern
        let credentials: Credentials
        /// SHA-256 of all of the entry: tells entries apart without holding what is in them.
        let fingerprint: SHA256Digest
    }

    /// The most entries that count: a Pod has one pull secret or two, each with a few registries.
    public static let maximumEntries = 64

    /// The most specific first; among equals, in the order in which they were given.
    let entries: [Entry]
    /// What could not be used, in half a sentence each: `pull secret team/regcred does not exist`. Not part of what is
    /// compared.
    public let problems: [String]

    public static let empty = Keychain(entries: [], problems: [])

    /// The entries of several configurations; their helpers do not count.
    public init(_ configurations: [DockerConfig], problems: [String] = []) {
        let given = configurations.flatMap(\.entries)
        let all = given.prefix(Self.maximumEntries)
        let cut = all.count < given.count ? ["only \(all.count) of \(given.count) entries of pull secrets count"] : []
        let ordered = all.enumerated().sorted { a, b in
            a.element.pattern.specificity == b.element.pattern.specificity
                ? a.offset < b.offset : a.element.pattern.specificity > b.element.pattern.specificity
        }
        self.init(
            entries: ordered.map { _, entry in
                Entry(
                    pattern: entry.pattern, credentials: entry.credentials,
                    fingerprint: Self.fingerprint(entry.pattern, entry.credentials))
            }, problems: problems + cut)
    }

    private init(entries: [Entry], problems: [String]) {
        self.entries = entries
        self.problems = problems
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// How long all texts in it are: about the memory that it takes.
    public var textBytes: Int {
        problems.reduce(0) { $0 + $1.utf8.count }
            + entries.reduce(0) { $0 + $1.pattern.description.utf8.count + $1.credentials.textBytes }
    }

    /// Only what opens one of the repositories.
    public func narrowed(to repositories: [Repository]) -> Keychain {
        guard !entries.isEmpty else { return self }
        let names = repositories.map { (host: RegistryPattern.canonicalHost($0.registry), path: $0.path) }
        let matching = entries.filter { entry in
            names.contains { entry.pattern.matches(host: $0.host, path: $0.path) }
        }
        return matching.count == entries.count ? self : Keychain(entries: matching, problems: problems)
    }

    /// This keychain, and then another: what both open is tried with this one first.
    public func followed(by other: Keychain) -> Keychain {
        if other.entries.isEmpty && other.problems.isEmpty { return self }
        if entries.isEmpty && problems.isEmpty { return other }
        return Keychain(entries: entries + other.entries, problems: problems + other.problems)
    }

    /// What opens a repository, in the order in which it is tried.
    func credentials(for repository: Repository) -> [Credentials] {
        guard !entries.isEmpty else { return [] }
        let host = RegistryPattern.canonicalHost(repository.registry)
        var found: [Credentials] = []
        for entry in entries where entry.pattern.matches(host: host, path: repository.path) {
            if !found.contains(entry.credentials) { found.append(entry.credentials) }
        }
        return found
    }

    /// Every text is preceded by its length, so that the bytes can be read in one way only.
    private static func fingerprint(_ pattern: RegistryPattern, _ credentials: Credentials) -> SHA256Digest {
        let texts =
            switch credentials {
            case .anonymous: ["anonymous"]
            case .basic(let user, let password): ["basic", user, password.value]
            case .identityToken(let token): ["token", token.value]
            }
        var bytes: [UInt8] = []
        for text in [pattern.description] + texts {
            bytes += Array("\(text.utf8.count):".utf8)
            bytes += Array(text.utf8)
        }
        return SHA256Digest(of: bytes)
    }
}

extension Keychain: Hashable {
    public static func == (a: Keychain, b: Keychain) -> Bool {
        a.entries.elementsEqual(b.entries) { $0.fingerprint == $1.fingerprint }
    }
    public func hash(into hasher: inout Hasher) {
        for entry in entries { hasher.combine(entry.fingerprint) }
    }

    /// What is found out with the keychain is remembered under.
    public var scope: Scope {
        guard !entries.isEmpty else { return .server }
        return Scope(fingerprint: SHA256Digest(of: entries.flatMap(\.fingerprint.bytes)))
    }

    /// With whose credentials something was found out: what only their holders may be told from memory.
    public struct Scope: Sendable, Hashable {
        /// SHA-256 of all entries' fingerprints in their order: a scope is part of every key of what is remembered.
        fileprivate let fingerprint: SHA256Digest?

        /// With the server's own credentials, or with none: good for everybody.
        public static let server = Scope(fingerprint: nil)
    }
}

extension Keychain: CustomStringConvertible, CustomReflectable {
    /// Which registries, and nothing of what opens them.
    public var description: String {
        "Keychain(" + entries.map(\.pattern.description).joined(separator: ", ") + ")"
    }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
