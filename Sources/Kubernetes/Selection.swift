/// Which objects of a type a list or a watch is about.
public struct Selection: Sendable, Hashable {
    /// Nil for all namespaces, and for objects of the cluster.
    public var namespace: String?
    /// As the API takes it: `metadata.name=keys`.
    public var fieldSelector: String?
    /// As the API takes it: `app=web,tier!=db`.
    public var labelSelector: String?

    public static let all = Selection()

    public init(namespace: String? = nil, fieldSelector: String? = nil, labelSelector: String? = nil) {
        self.namespace = namespace
        self.fieldSelector = fieldSelector
        self.labelSelector = labelSelector
    }

    /// The one object of that name, which RBAC lets be watched where it lets the name be read.
    public static func only(_ name: ObjectName) -> Selection {
        Selection(namespace: name.namespace, fieldSelector: "metadata.name=\(name.name)")
    }
}
