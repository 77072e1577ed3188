import Admission
import JSON
import Policy

/// What a manifest does not say of the request that would bring it to an API server.
public struct RequestShape: Sendable {
    public var operation: Policy.Operation
    public var user: UserInfo
    /// Empty for the object itself.
    public var subresource: String
    /// Where objects go whose manifests name no namespace.
    public var namespace: String
    /// What the objects are before the request; each belongs to the manifest of its kind, namespace and name.
    public var oldObjects: [Manifest]

    public init(
        operation: Policy.Operation = .create, user: UserInfo = UserInfo(), subresource: String = "",
        namespace: String = "default", oldObjects: [Manifest] = []
    ) {
        self.operation = operation
        self.user = user
        self.subresource = subresource
        self.namespace = namespace
        self.oldObjects = oldObjects
    }

    /// The namespace that the object would be in; empty for an object of the cluster. A Namespace's requests are about
    /// itself.
    func namespace(of manifest: Manifest) -> String {
        guard manifest.isNamespaced else {
            return manifest.kind == "Namespace" && manifest.group.isEmpty ? manifest.name : ""
        }
        return manifest.namespace.isEmpty ? namespace : manifest.namespace
    }

    /// The object as the API server would hand it to a webhook: in its namespace.
    func object(of manifest: Manifest) -> [UInt8] {
        let namespace = namespace(of: manifest)
        guard manifest.isNamespaced, manifest.namespace.isEmpty,
            let metadata = manifest.object["metadata"], metadata.kind == .object
        else { return manifest.object.source }
        return Self.replacing("metadata", of: manifest.object) { writer in
            writer.beginObject()
            for (key, value) in metadata.members where key != "namespace" {
                writer.key(key)
                writer.value(value)
            }
            writer.key("namespace")
            writer.string(namespace)
            writer.endObject()
        }
    }

    private static func replacing(
        _ field: String, of object: Value, with write: (inout Writer) -> Void
    ) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        for (key, value) in object.members {
            writer.key(key)
            if key == field { write(&writer) } else { writer.value(value) }
        }
        writer.endObject()
        return writer.bytes
    }

    /// What the object was before: the manifest among ``oldObjects`` of the same kind, namespace and name.
    func oldObject(of manifest: Manifest) -> Manifest? {
        oldObjects.first { old in
            old.kind == manifest.kind && old.group == manifest.group && old.name == manifest.name
                && namespace(of: old) == namespace(of: manifest)
        }
    }

    /// The review that an API server would send about the manifest.
    ///
    /// - Parameter object: The object's text, once a call before has patched it.
    /// - Throws: ``ReviewError`` when the manifest cannot be part of a review.
    func request(about manifest: Manifest, object: [UInt8]) throws(ReviewError) -> AdmissionRequest {
        var writer = Writer()
        writer.beginObject()
        writer.key("apiVersion")
        writer.string("admission.k8s.io/v1")
        writer.key("kind")
        writer.string("AdmissionReview")
        writer.key("request")
        writer.beginObject()
        write(manifest, to: &writer)
        // What is deleted is the old object, and there is no other.
        let old = oldObject(of: manifest).map { self.object(of: $0) }
        let new = operation == .delete ? nil : object
        for (key, bytes) in [("object", new), ("oldObject", operation == .delete ? object : old)] {
            writer.key(key)
            if let bytes { writer.raw(bytes) } else { writer.null() }
        }
        writer.endObject()
        writer.endObject()
        let document: Document
        do throws(ParseError) {
            document = try Document(writer.bytes)
        } catch {
            throw .malformed(error)
        }
        return try AdmissionRequest(document)
    }

    private func write(_ manifest: Manifest, to writer: inout Writer) {
        let resource = KindNames.plural(of: manifest.kind)
        let fields = [
            ("uid", "apply"), ("name", manifest.name), ("namespace", namespace(of: manifest)),
            ("operation", operation.rawValue),
        ]
        for (key, text) in fields {
            writer.key(key)
            writer.string(text)
        }
        if !subresource.isEmpty {
            for key in ["subResource", "requestSubResource"] {
                writer.key(key)
                writer.string(subresource)
            }
        }
        for (key, last) in [("kind", manifest.kind), ("requestKind", manifest.kind)] {
            write(key, manifest, ("kind", last), to: &writer)
        }
        for key in ["resource", "requestResource"] { write(key, manifest, ("resource", resource), to: &writer) }
        writer.key("dryRun")
        writer.boolean(false)
        writer.key("userInfo")
        writer.beginObject()
        writer.key("username")
        writer.string(user.username)
        writer.key("groups")
        writer.beginArray()
        for group in user.groups { writer.string(group) }
        writer.endArray()
        writer.endObject()
    }

    private func write(_ key: String, _ manifest: Manifest, _ last: (String, String), to writer: inout Writer) {
        writer.key(key)
        writer.beginObject()
        for (field, text) in [("group", manifest.group), ("version", manifest.version), last] {
            writer.key(field)
            writer.string(text)
        }
        writer.endObject()
    }
}
