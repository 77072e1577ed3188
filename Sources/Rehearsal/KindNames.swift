/// What a manifest does not say about its kind, and the API server knows: the plural in which requests name it, and
/// whether its objects live in namespaces.
enum KindNames {
    /// The plural by Kubernetes' own habit: lower case, with an English ending.
    static func plural(of kind: String) -> String {
        let name = kind.lowercased()
        if name == "endpoints" { return name }
        if ["s", "x", "ch", "sh"].contains(where: name.hasSuffix) { return name + "es" }
        if name.hasSuffix("y"), let before = name.dropLast().last, !"aeiou".contains(before) {
            return name.dropLast() + "ies"
        }
        return name + "s"
    }

    /// Whether objects of the kind live in a namespace. Kinds that are not Kubernetes' own mostly do.
    static func isNamespaced(_ kind: String, group: String) -> Bool { !(clusterKinds[group]?.contains(kind) ?? false) }

    /// Kubernetes' own kinds without namespace, by group.
    private static let clusterKinds: [String: Set<String>] = [
        "": ["Namespace", "Node", "PersistentVolume", "ComponentStatus"],
        "admissionregistration.k8s.io": [
            "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
        ],
        "apiextensions.k8s.io": ["CustomResourceDefinition"],
        "apiregistration.k8s.io": ["APIService"],
        "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
        "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
        "networking.k8s.io": ["IngressClass", "IPAddress", "ServiceCIDR"],
        "node.k8s.io": ["RuntimeClass"],
        "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
        "resource.k8s.io": ["DeviceClass", "ResourceSlice"],
        "scheduling.k8s.io": ["PriorityClass"],
        "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
        "kyverno.io": ["ClusterPolicy"],
    ]
}
