import JSON

/// Facts of two sources: what the first does not have the second is asked for.
///
/// For a server in a cluster that is also given manifests: what an operator writes down counts before what the cluster
/// says.
public struct LayeredFacts: ClusterFacts {
    private let first: any ClusterFacts
    private let second: any ClusterFacts

    public init(_ first: any ClusterFacts, over second: any ClusterFacts) {
        self.first = first
        self.second = second
    }

    public func knownNamespaceLabels(_ name: String) -> [String: String]? {
        // The first source would have to be asked, unless it knows at once.
        first.knownNamespaceLabels(name)
    }

    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        do throws(FactFailure) {
            return try await first.namespaceLabels(name)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try await second.namespaceLabels(name)
        }
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        do throws(FactFailure) {
            return try await first.configMap(name, namespace: namespace)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try await second.configMap(name, namespace: namespace)
        }
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        do throws(FactFailure) {
            return try await first.secret(name, namespace: namespace)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try await second.secret(name, namespace: namespace)
        }
    }

    /// The roles that either knows of: a binding in a manifest takes nothing away from the cluster's.
    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        var roles = try await first.roles(of: user)
        let more = try await second.roles(of: user)
        roles.roles.formUnion(more.roles)
        roles.clusterRoles.formUnion(more.clusterRoles)
        return roles
    }

    public func object(at path: String) async throws(FactFailure) -> Value {
        do throws(FactFailure) {
            return try await first.object(at: path)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try await second.object(at: path)
        }
    }
}
