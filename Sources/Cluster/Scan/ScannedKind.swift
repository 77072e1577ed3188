import Kubernetes

/// A kind of objects, in whichever version.
struct ScannedKind: Sendable, Hashable {
    /// Empty for the core group.
    let group: String
    let kind: String

    init(_ type: ResourceType) {
        group = type.group
        kind = type.kind
    }

    init(_ object: ObjectReference) {
        group = object.apiVersion.contains("/") ? String(object.apiVersion.prefix { $0 != "/" }) : ""
        kind = object.kind
    }
}
