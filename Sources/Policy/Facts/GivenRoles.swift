import JSON

/// Facts in which whoever sends the request has roles that are given beforehand, besides those of the cluster.
///
/// For trying policies out: `countersign apply --role prod:admin`.
public struct GivenRoles: ClusterFacts {
    private let facts: any ClusterFacts
    private let given: UserRoles

    public init(_ given: UserRoles, besides facts: any ClusterFacts) {
        self.given = given
        self.facts = facts
    }

    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        try await facts.namespaceLabels(name)
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try await facts.configMap(name, namespace: namespace)
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        try await facts.secret(name, namespace: namespace)
    }

    /// What is given is all there is when nothing is known about the cluster.
    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        guard !(facts is NoClusterFacts) else { return given }
        var roles = try await facts.roles(of: user)
        roles.roles.formUnion(given.roles)
        roles.clusterRoles.formUnion(given.clusterRoles)
        return roles
    }

    public func object(at path: String) async throws(FactFailure) -> Value { try await facts.object(at: path) }
}
