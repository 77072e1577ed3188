import JSON

/// Where the credentials are that the images of a Pod are pulled with: the Secrets that the Pod names, and its service
/// account. Also of a Pod that is still a template.
///
/// Source: Kubernetes, "Pull an Image from a Private Registry", and PodSpec: the Secrets are of the Pod's own namespace.
public struct PullSecretNames: Sendable, Hashable {
    public let namespace: String
    /// In the Pod's order, without repetitions.
    public let secrets: [String]
    /// Empty where none counts.
    public let serviceAccount: String
    /// Whether there are more Secrets than count.
    public let hasMore: Bool

    /// The most Secrets of one Pod that count: each is read from the API server, and the Pod's author says how many.
    public static let maximumSecrets = 16
    /// Kubernetes' own limit for names (RFC 1123, subdomain). What is longer names nothing, and is not kept whole: what is
    /// found out is remembered by the names.
    static let maximumNameBytes = 253

    public init(namespace: String, secrets: [String], serviceAccount: String = "default") {
        self.namespace = Self.short(namespace)
        (self.secrets, hasMore) = Self.counted(secrets)
        self.serviceAccount = Self.short(serviceAccount)
    }

    /// Those of a request; nil when its object makes no Pods, or has no namespace.
    public init?(_ request: ResourceAttributes) {
        guard !request.namespace.isEmpty, let object = request.object,
            let specification = ResourceImages.podSpecification(of: object, kind: request.kind)
        else { return nil }
        // The older name of the field still stands where the newer one is left out.
        let accounts = ["serviceAccountName", "serviceAccount"].compactMap { specification[$0]?.string }
        self.init(
            namespace: request.namespace, secrets: Self.names(specification["imagePullSecrets"]),
            serviceAccount: accounts.first { !$0.isEmpty } ?? "default")
    }

    /// The names in a list of references, as Pods and service accounts hold it: one more than count at most, which
    /// tells that there are more.
    public static func names(_ list: Value?) -> [String] {
        guard let list, list.kind == .array else { return [] }
        var names: [String] = []
        for reference in list.elements {
            if let name = reference["name"]?.string, !name.isEmpty { names.append(name) }
        }
        return distinct(names)
    }

    private static func distinct(_ names: [String]) -> [String] {
        var distinct: [String] = []
        for name in names {
            let name = short(name)
            guard !distinct.contains(name) else { continue }
            distinct.append(name)
            if distinct.count > maximumSecrets { break }
        }
        return distinct
    }

    private static func counted(_ names: [String]) -> (names: [String], hasMore: Bool) {
        let names = distinct(names)
        return (Array(names.prefix(maximumSecrets)), names.count > maximumSecrets)
    }

    /// The name, or the beginning of one that is too long: the `…` is in no name, so nothing is called so.
    private static func short(_ name: String) -> String {
        guard name.utf8.count > maximumNameBytes else { return name }
        // By scalars, of four bytes at most: one character can have any number of them.
        return String(name.unicodeScalars.prefix(maximumNameBytes / 4)) + "…"
    }

    /// The Secrets of the Pod and then those of its account; and whether there are more than count.
    public func secrets(with accounts: [String]) -> (names: [String], hasMore: Bool) {
        let all = Self.counted(secrets + accounts)
        return (all.names, all.hasMore || hasMore)
    }
}
