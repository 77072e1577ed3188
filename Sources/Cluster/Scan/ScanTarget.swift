import Kubernetes
import Matching
import Policy

/// A kind of objects that a scan reads, in the first of some versions that the API server has.
public struct ScanTarget: Sendable, Hashable {
    /// In the order of preference; never empty but for a target that nobody has.
    public let candidates: [ResourceType]

    public init(_ candidates: ResourceType...) { self.candidates = candidates }

    init(candidates: [ResourceType]) { self.candidates = candidates }

    /// The kinds that hold images in every cluster, old ones too.
    private static let builtIn: Set<ResourceType> = {
        func type(_ group: String, _ version: String, _ plural: String, _ kind: String) -> ResourceType {
            ResourceType(group: group, version: version, plural: plural, kind: kind, isNamespaced: true)
        }
        return [
            .pods, type("", "v1", "replicationcontrollers", "ReplicationController"),
            type("apps", "v1", "deployments", "Deployment"), type("apps", "v1", "replicasets", "ReplicaSet"),
            type("apps", "v1", "statefulsets", "StatefulSet"), type("apps", "v1", "daemonsets", "DaemonSet"),
            type("batch", "v1", "jobs", "Job"), type("batch", "v1", "cronjobs", "CronJob"),
            // Before Kubernetes 1.21.
            type("batch", "v1beta1", "cronjobs", "CronJob"),
        ]
    }()

    /// The kinds that policies look at, as far as they are known; Pods come first, and then by name.
    ///
    /// - Parameter known: What the API server says that it has, beside what every one has.
    public static func targets(
        of policies: PolicySnapshot, known: [ResourceType] = []
    ) -> [ScanTarget] {
        let types = builtIn.union(known)
        let watched = watchedKinds(of: policies)
        struct Place: Hashable {
            let group: String
            let plural: String
            /// Where rules name versions, each is read for itself: objects look different in each.
            let version: String?
        }
        var places: [Place: [ResourceType]] = [:]
        for kind in watched {
            let (group, version) = (Glob(kind.group), Glob(kind.version))
            for type in types
            where type.kind == kind.kind && group.matches(type.group) && version.matches(type.version) {
                let named = Glob.isPattern(kind.version) ? nil : kind.version
                places[Place(group: type.group, plural: type.plural, version: named), default: []].append(type)
            }
        }
        // A version that is read anyway is not read twice.
        let targets = Set(
            places.map { ScanTarget(candidates: Set($1).sorted { APIVersion($0.version) > APIVersion($1.version) }) })
        return targets.filter { target in
            !targets.contains {
                $0 != target && $0.candidates.first == target.candidates.first
                    && $0.candidates.count > target.candidates.count
            }
        }.sorted { $0.order < $1.order }
    }

    /// What exists is read as a whole: subresources hold nothing else.
    private static func watchedKinds(of policies: PolicySnapshot) -> Set<WatchedKind> {
        policies.policies.reduce(into: []) { kinds, policy in
            for rule in policy.rules {
                kinds.formUnion(rule.watchedKinds.filter { $0.subresource == nil || $0.kind == "Pod" })
            }
        }
    }

    /// Whether policies look at kinds that the API server has to be asked about.
    static func needsDiscovery(_ policies: PolicySnapshot) -> Bool {
        watchedKinds(of: policies).contains { kind in
            let (group, version) = (Glob(kind.group), Glob(kind.version))
            return !builtIn.contains {
                $0.kind == kind.kind && group.matches($0.group) && version.matches($0.version)
            }
        }
    }

    /// Whether policies look at a kind, in whichever version.
    static func watches(_ policies: PolicySnapshot) -> (ScannedKind) -> Bool {
        let watched = watchedKinds(of: policies).map { (group: Glob($0.group), kind: $0.kind) }
        return { kind in watched.contains { $0.kind == kind.kind && $0.group.matches(kind.group) } }
    }

    private var order: String {
        guard let first = candidates.first else { return "" }
        return first == .pods ? "" : "\(first) \(first.version)"
    }
}

/// A version of an API, which compares as Kubernetes has it: stable before beta before alpha, and then the higher.
///
/// Source: Kubernetes, "Versions in CustomResourceDefinitions", Version priority.
struct APIVersion: Comparable {
    private let rank: [Int]
    private let text: String

    init(_ text: String) {
        self.text = text
        let pieces = text.dropFirst().split(omittingEmptySubsequences: false) { !$0.isNumber }
        let stability = text.contains("alpha") ? 1 : text.contains("beta") ? 2 : 3
        guard text.hasPrefix("v"), let major = pieces.first.flatMap({ Int($0) }) else {
            rank = [0, 0, 0]
            return
        }
        rank = [stability, major, pieces.count > 1 ? pieces.last.flatMap { Int($0) } ?? 0 : 0]
    }

    static func < (a: APIVersion, b: APIVersion) -> Bool {
        a.rank == b.rank ? a.text > b.text : a.rank.lexicographicallyPrecedes(b.rank)
    }
}
