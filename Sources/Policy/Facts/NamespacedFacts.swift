import JSON

/// The facts as a namespaced Policy may ask for them: what lies in its own namespace, and who sent the request.
///
/// Without it, whoever may write a Policy in one namespace could read ConfigMaps, Secrets and objects of all others with
/// the server's permissions.
///
/// Source: spec/verify-images.md, "Conditions and variables" (CVE-2026-22039, GHSA-cvq5-hhx3-f99p).
public struct NamespacedFacts: ClusterFacts {
    private let facts: any ClusterFacts
    private let namespace: String

    public init(_ facts: any ClusterFacts, namespace: String) {
        self.facts = facts
        self.namespace = namespace
    }

    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        try check(name, "the labels of namespace \(name)")
        return try await facts.namespaceLabels(name)
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try check(namespace, "ConfigMap \(namespace)/\(name)")
        return try await facts.configMap(name, namespace: namespace)
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        try check(namespace, "Secret \(namespace)/\(name)")
        return try await facts.secret(name, namespace: namespace)
    }

    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles { try await facts.roles(of: user) }

    public func object(at path: String) async throws(FactFailure) -> Value {
        // The path is asked for as it was understood, so that nothing but what was checked is read.
        let parsed = try APIPath(parsing: path)
        try check(parsed.namespace, path)
        return try await facts.object(at: parsed.description)
    }

    /// By bytes: two spellings of a name that Swift calls equal are two namespaces.
    private func check(_ asked: String?, _ fact: String) throws(FactFailure) {
        guard let asked, asked.utf8.elementsEqual(namespace.utf8) else {
            throw FactFailure(
                .forbidden, fact, "a Policy of namespace \(namespace) reads that namespace only; write a ClusterPolicy")
        }
    }
}
