import JSON
import Kubernetes

/// Which object something is about, as Events and reports name it.
///
/// Source: Kubernetes `v1`, ObjectReference.
public struct ObjectReference: Sendable, Hashable {
    public var apiVersion: String
    public var kind: String
    /// Empty for an object of the cluster.
    public var namespace: String
    public var name: String
    /// Empty for an object that does not exist, or of which it is not known.
    public var uid: String

    public init(apiVersion: String, kind: String, namespace: String, name: String, uid: String = "") {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    /// `Pod test/web`.
    public var text: String { "\(kind) \(namespace.isEmpty ? "" : namespace + "/")\(name)" }

    func write(to writer: inout Writer) {
        writer.beginObject()
        for (key, text) in [
            ("apiVersion", apiVersion), ("kind", kind), ("namespace", namespace), ("name", name), ("uid", uid),
        ] where !text.isEmpty {
            writer.key(key)
            writer.string(text)
        }
        writer.endObject()
    }
}
