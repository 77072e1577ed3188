import JSON
import Synchronization

/// Facts from files and folders of manifests, which can be read again while requests come in.
public final class FileClusterFacts: ClusterFacts {
    private let current: Mutex<ManifestFacts>

    public init(_ facts: ManifestFacts) { current = Mutex(facts) }

    /// Swaps in what was read again; a question that was asked before is answered from what was there then.
    public func use(_ facts: ManifestFacts) { current.withLock { $0 = facts } }

    private var facts: ManifestFacts { current.withLock { $0 } }

    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        try await facts.namespaceLabels(name)
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try await facts.configMap(name, namespace: namespace)
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        try await facts.secret(name, namespace: namespace)
    }

    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles { try await facts.roles(of: user) }

    public func object(at path: String) async throws(FactFailure) -> Value { try await facts.object(at: path) }
}
