import JSON

/// The name of an object, and its namespace where it has one.
public struct ObjectName: Sendable, Hashable, CustomStringConvertible {
    /// Nil for objects of the cluster.
    public let namespace: String?
    public let name: String

    public init(_ name: String, namespace: String? = nil) {
        self.name = name
        self.namespace = namespace
    }

    /// The name that an object's `metadata` gives; nil when there is none.
    public init?(of object: Value) {
        guard let metadata = object["metadata"], let name = metadata["name"]?.string, !name.isEmpty else { return nil }
        let namespace = metadata["namespace"]?.string ?? ""
        self.init(name, namespace: namespace.isEmpty ? nil : namespace)
    }

    /// `name`, or `namespace/name`.
    public var description: String { namespace.map { $0 + "/" + name } ?? name }
}
