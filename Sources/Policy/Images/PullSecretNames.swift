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

    /// The most Secrets of one Pod that count: each is read from the API server, and the Pod's author says how many.
    public static let maximumSecrets = 16

    public init(namespace: String, secrets: [String], serviceAccount: String = "default") {
        self.namespace = namespace
        self.secrets = Self.distinct(secrets)
        self.serviceAccount = serviceAccount
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

    /// The names in a list of references, as Pods and service accounts hold it.
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
        for name in names where distinct.count < maximumSecrets && !distinct.contains(name) { distinct.append(name) }
        return distinct
    }

    /// The Secrets of the Pod and then those of its account.
    public func secrets(with accounts: [String]) -> [String] { Self.distinct(secrets + accounts) }
}
