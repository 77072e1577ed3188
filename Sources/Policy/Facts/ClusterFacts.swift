import JSON

/// What a rule may ask about the cluster besides the request itself.
///
/// Whoever answers bounds its own answers in bytes and in time, and says what it could not find out as a
/// ``FactFailure``: a fact that is missing is an error of the rule that asked for it, never a reason to pass over the
/// rule.
public protocol ClusterFacts: Sendable {
    /// The labels of the Namespace `name`.
    func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String]

    /// The labels of a Namespace where nobody has to be asked; nil where somebody has. Synchronous and quick: an event
    /// loop may call it.
    func knownNamespaceLabels(_ name: String) -> [String: String]?

    /// A ConfigMap, the whole object.
    func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value

    /// What a Secret holds, decoded. Never to be logged.
    func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]]

    /// The roles that are bound to a user, by name or by one of the groups.
    func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles

    /// What the API server answers to a GET of `path`, as `/api/v1/namespaces/prod/configmaps/keys` or
    /// `/apis/apps/v1/deployments`.
    func object(at path: String) async throws(FactFailure) -> Value
}

extension ClusterFacts {
    public func knownNamespaceLabels(_ name: String) -> [String: String]? { nil }
}

/// The facts of a server that is not told about any cluster: there are none, and every question says so.
public struct NoClusterFacts: ClusterFacts {
    public init() {}

    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        throw missing("the labels of namespace \(name)")
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        throw missing("ConfigMap \(namespace)/\(name)")
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        throw missing("Secret \(namespace)/\(name)")
    }

    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        throw missing("the roles of \(user.inWords)")
    }

    public func object(at path: String) async throws(FactFailure) -> Value { throw missing(path) }

    private func missing(_ fact: String) -> FactFailure {
        FactFailure(.unavailable, fact, "nothing is known about the cluster; run with --cluster-facts FOLDER")
    }
}
