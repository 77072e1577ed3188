/// Which policy or exception: what no two of them may share.
public struct PolicyID: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case clusterPolicy = "ClusterPolicy"
        case policy = "Policy"
        case exception = "PolicyException"
    }

    public let kind: Kind
    /// Nil for a ClusterPolicy.
    public let namespace: String?
    public let name: String

    public init(_ kind: Kind, _ name: String, namespace: String? = nil) {
        self.kind = kind
        self.name = name
        self.namespace = kind == .clusterPolicy ? nil : namespace
    }

    /// The policy that `policy` was compiled from.
    public init(_ policy: ImagePolicy) {
        self.init(policy.namespace == nil ? .clusterPolicy : .policy, policy.name, namespace: policy.namespace)
    }

    /// `name`, or `namespace/name`.
    public var qualifiedName: String { namespace.map { $0 + "/" + name } ?? name }

    /// As messages have it: `Policy shop/signed`.
    public var description: String { "\(kind.rawValue) \(qualifiedName)" }
}
