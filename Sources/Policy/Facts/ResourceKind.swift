import JSON

/// Where the API server would keep an object of which only the manifest is known.
public enum ResourceKind {
    /// The path of the list, in all namespaces, that objects of a kind are in; nil when group, version or kind cannot
    /// stand in a path.
    static func list(of kind: String, apiVersion: String) -> APIPath? {
        let start = apiVersion.contains("/") ? "/apis/" : "/api/"
        let plural = plural(kind)
        guard let path = try? APIPath(parsing: start + apiVersion + "/" + plural), path.resource == plural,
            path.name == nil
        else { return nil }
        return path
    }

    /// The plural that Kubernetes itself guesses, and that all its own kinds have.
    ///
    /// Source: apimachinery, UnsafeGuessKindToResource.
    public static func plural(_ kind: String) -> String {
        let singular = kind.lowercased()
        if singular == "endpoints" { return singular }
        if singular.hasSuffix("s") { return singular + "es" }
        if singular.hasSuffix("y") { return singular.dropLast() + "ies" }
        return singular + "s"
    }

    /// The namespace of an object: `default` where a kind that has one does not say, as `kubectl` has it.
    static func namespace(of manifest: Value, kind: String) -> String? {
        guard !clusterKinds.contains(kind) else { return nil }
        guard let written = manifest["metadata"]?["namespace"]?.string, !written.isEmpty else {
            return namespacedKinds.contains(kind) ? "default" : nil
        }
        return written
    }

    private static let clusterKinds: Set<String> = ["Namespace", "Node", "ClusterRole", "ClusterRoleBinding"]
    private static let namespacedKinds: Set<String> = [
        "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "Service", "Pod", "Deployment", "ReplicaSet",
        "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob", "Ingress", "NetworkPolicy",
        "PersistentVolumeClaim", "Endpoints", "ResourceQuota", "LimitRange",
    ]
}

extension APIPath {
    /// The path of one object of a list; nil for a name or a namespace that cannot stand in a path.
    func element(_ name: String, namespace: String?) -> APIPath? {
        let start = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        let place = namespace.map { "/namespaces/\($0)" } ?? ""
        guard let path = try? APIPath(parsing: "\(start)\(place)/\(resource)/\(name)"), path.name == name,
            path.namespace == namespace
        else { return nil }
        return path
    }

    /// The list that the object or list is part of.
    var inAllNamespaces: APIPath { APIPath(group: group, version: version, resource: resource) }
}
