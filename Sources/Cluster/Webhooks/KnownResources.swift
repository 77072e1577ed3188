import Kubernetes
import Matching
import Policy

/// Under which resources the API server keeps the kinds that policies name.
public struct KnownResources: Sendable, Hashable {
    public let types: Set<ResourceType>

    /// The kinds of every cluster that hold images: known also before anybody was asked.
    public static let builtIn: KnownResources = {
        func type(_ group: String, _ plural: String, _ kind: String) -> ResourceType {
            ResourceType(group: group, version: "v1", plural: plural, kind: kind, isNamespaced: true)
        }
        return KnownResources([
            .pods, type("", "replicationcontrollers", "ReplicationController"),
            type("apps", "deployments", "Deployment"), type("apps", "replicasets", "ReplicaSet"),
            type("apps", "statefulsets", "StatefulSet"), type("apps", "daemonsets", "DaemonSet"),
            type("batch", "jobs", "Job"), type("batch", "cronjobs", "CronJob"),
        ])
    }()

    public init(_ types: Set<ResourceType>) { self.types = types }

    /// What the API server says it has, beside what every one has.
    public init(discovered: some Sequence<ResourceType>) {
        types = Self.builtIn.types.union(discovered)
    }

    /// A resource that a rule names, in all its versions.
    struct Place: Hashable {
        let group: String
        let plural: String
        /// What the API server serves it in, as far as is known.
        let versions: Set<String>
    }

    /// Where objects of a kind are kept: one place for each group that has the kind, or none when none is known.
    func places(of watched: WatchedKind) -> Set<Place> {
        let group = Glob(watched.group)
        let found = types.filter { $0.kind == watched.kind && group.matches($0.group) }
        struct Name: Hashable {
            let group: String
            let plural: String
        }
        let byName = Dictionary(grouping: found) { Name(group: $0.group, plural: $0.plural) }
        return Set(
            byName.map { Place(group: $0.group, plural: $0.plural, versions: Set($1.map(\.version))) })
    }
}
