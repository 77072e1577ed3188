import Admission
import JSON
import OpenSSL

/// Writes Events.
///
/// Source: Kubernetes `v1`, Event.
struct EventText: Sendable {
    /// Which of several replicas writes: their counts are their own.
    let instance: String

    static let component = "countersign"
    /// Where Events are that are about objects of the cluster.
    static let clusterNamespace = "default"
    /// Longest part of an object's name that an Event's name begins with; a name has 253 characters at most.
    private static let maximumNameLength = 200

    /// The name of the Event: the same for every count of one, another for another.
    func name(_ item: EventQueue.Item, on object: ObjectReference) -> String {
        let key = "\(instance)\n\(item.first)\n\(object)\n\(item.draft.reason.rawValue)\n\(item.draft.message)"
        let hash = SHA256Digest(of: Array(key.utf8)).hex.prefix(16)
        let begin = object.name.lowercased().unicodeScalars.prefix(Self.maximumNameLength).map { scalar in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-" ? Character(scalar) : "-"
        }
        let trimmed = String(begin.drop { $0 == "-" })
        let ended = trimmed.hasSuffix("-") ? trimmed + "x" : trimmed
        return (ended.isEmpty ? Self.component : ended) + "." + hash
    }

    static func namespace(of object: ObjectReference) -> String {
        object.namespace.isEmpty ? clusterNamespace : object.namespace
    }

    func body(_ item: EventQueue.Item, on object: ObjectReference) -> [UInt8] {
        var writer = Writer()
        func text(_ key: String, _ text: String) {
            writer.key(key)
            writer.string(text)
        }
        writer.beginObject()
        text("apiVersion", "v1")
        text("kind", "Event")
        writer.key("metadata")
        writer.beginObject()
        text("name", name(item, on: object))
        text("namespace", Self.namespace(of: object))
        writer.endObject()
        writer.key("involvedObject")
        object.write(to: &writer)
        text("reason", item.draft.reason.rawValue)
        text("message", item.draft.message)
        text("type", item.draft.reason == .exception ? "Normal" : "Warning")
        text("action", item.draft.isDenied ? "Denied" : "Admitted")
        text("firstTimestamp", Timestamp.text(unixSeconds: item.first))
        text("lastTimestamp", Timestamp.text(unixSeconds: item.last))
        writer.key("count")
        writer.integer(item.count)
        writer.key("source")
        writer.beginObject()
        text("component", Self.component)
        writer.endObject()
        text("reportingComponent", Self.component)
        text("reportingInstance", instance)
        writer.endObject()
        return writer.bytes
    }
}
