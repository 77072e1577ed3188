/// A kind of objects, and where the API server keeps them.
///
/// Source: Kubernetes, "Kubernetes API Concepts", Resource URIs.
public struct ResourceType: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    public let group: String
    public let version: String
    /// The resource in plural, as `configmaps`.
    public let plural: String
    public let kind: String
    public let isNamespaced: Bool

    public init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// As objects spell it: `v1`, or `apps/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// As people and RBAC spell it: `pods`, or `deployments.apps`.
    public var description: String { group.isEmpty ? plural : "\(plural).\(group)" }
}

extension ResourceType {
    public static let namespaces = core("namespaces", "Namespace", isNamespaced: false)
    public static let pods = core("pods", "Pod")
    public static let secrets = core("secrets", "Secret")
    public static let configMaps = core("configmaps", "ConfigMap")
    public static let serviceAccounts = core("serviceaccounts", "ServiceAccount")
    public static let events = core("events", "Event")

    public static let leases = ResourceType(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
    public static let roleBindings = rbac("rolebindings", "RoleBinding", isNamespaced: true)
    public static let clusterRoleBindings = rbac("clusterrolebindings", "ClusterRoleBinding", isNamespaced: false)
    public static let mutatingWebhookConfigurations = admission(
        "mutatingwebhookconfigurations", "MutatingWebhookConfiguration")
    public static let validatingWebhookConfigurations = admission(
        "validatingwebhookconfigurations", "ValidatingWebhookConfiguration")
    public static let customResourceDefinitions = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition", isNamespaced: false)

    public static let clusterPolicies = ResourceType(
        group: "kyverno.io", version: "v1", plural: "clusterpolicies", kind: "ClusterPolicy", isNamespaced: false)
    public static let policies = ResourceType(
        group: "kyverno.io", version: "v1", plural: "policies", kind: "Policy", isNamespaced: true)
    /// The group's versions differ from cluster to cluster: v2 where there is one, else v2beta1.
    public static let policyExceptions = ResourceType(
        group: "kyverno.io", version: "v2", plural: "policyexceptions", kind: "PolicyException", isNamespaced: true)

    public static let policyReports = ResourceType(
        group: "wgpolicyk8s.io", version: "v1alpha2", plural: "policyreports", kind: "PolicyReport",
        isNamespaced: true)
    public static let clusterPolicyReports = ResourceType(
        group: "wgpolicyk8s.io", version: "v1alpha2", plural: "clusterpolicyreports", kind: "ClusterPolicyReport",
        isNamespaced: false)

    private static func core(_ plural: String, _ kind: String, isNamespaced: Bool = true) -> ResourceType {
        ResourceType(group: "", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }

    private static func rbac(_ plural: String, _ kind: String, isNamespaced: Bool) -> ResourceType {
        ResourceType(
            group: "rbac.authorization.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }

    private static func admission(_ plural: String, _ kind: String) -> ResourceType {
        ResourceType(
            group: "admissionregistration.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: false)
    }
}
