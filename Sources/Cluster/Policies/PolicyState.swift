import Kubernetes
import Policy

/// What is known of the policies that count, in files and as objects of the cluster.
public struct PolicyState: Sendable {
    /// What requests are judged by; nil until every kind of object has been read once, because an incomplete set would
    /// admit what the rest denies.
    public let snapshot: PolicySnapshot?
    /// What came of each object, by name; empty until ``isSynced``.
    public let outcomes: [PolicyOutcome]
    /// Whether the API server is out of touch, so that what is known may be old. It stays in force.
    public let isStale: Bool

    public var isSynced: Bool { snapshot != nil }

    /// How many objects are not honoured as they are written.
    public var rejectedCount: Int { outcomes.count { !$0.isHonoured && $0.standing != .ignored } }

    static let unknown = PolicyState(snapshot: nil, outcomes: [], isStale: false)
}

/// What befalls policies, as an operator may want to read it in the log.
public enum PolicyEvent: Sendable, CustomStringConvertible {
    /// An object came or changed, and this is what became of it.
    case changed(PolicyOutcome)
    /// An object is gone.
    case removed(PolicyID)
    /// The API server is out of touch.
    case stale(PolicyID.Kind, APIFailure)
    /// In touch again.
    case current(PolicyID.Kind)
    /// The cluster has no such kind.
    case absent(PolicyID.Kind)

    /// Whether something is not as somebody wants it.
    public var isProblem: Bool {
        switch self {
        case .changed(let outcome): !outcome.isHonoured
        case .stale: true
        case .removed, .current, .absent: false
        }
    }

    public var description: String {
        switch self {
        case .changed(let outcome): "\(outcome.id): \(outcome.summary)"
        case .removed(let id): "\(id): deleted"
        case .stale(let kind, let failure):
            "objects of kind \(kind.rawValue) cannot be watched, what is known of them stays in force: \(failure)"
        case .current(let kind): "objects of kind \(kind.rawValue) are watched again"
        case .absent(let kind): "the cluster has no kind \(kind.rawValue)"
        }
    }
}

extension PolicyID.Kind {
    /// Where the API server keeps objects of the kind.
    public var resource: ResourceType {
        switch self {
        case .clusterPolicy: .clusterPolicies
        case .policy: .policies
        case .exception: .policyExceptions
        }
    }

    /// Where clusters keep them that have no ``resource``: Kyverno had exceptions as v2beta1 before version 1.12.
    var olderResources: [ResourceType] {
        guard self == .exception else { return [] }
        return [
            ResourceType(
                group: resource.group, version: "v2beta1", plural: resource.plural, kind: resource.kind,
                isNamespaced: true)
        ]
    }

    /// All of these, in the order in which they are tried.
    var resources: [ResourceType] { [resource] + olderResources }

    /// The name of the definition that makes the kind.
    var definition: ObjectName { ObjectName("\(resource)") }
}

extension PolicyID {
    var objectName: ObjectName { ObjectName(name, namespace: namespace) }
}
