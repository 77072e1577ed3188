import JSON

/// Reads what the API server answers with.
///
/// The API server takes JSON that is deeper than our readers go, from whoever may write a custom resource. One such
/// object must not take the others of its type away, so it is handed on as a stub: its metadata, and nothing else.
package enum ObjectReader {
    private static let limits = ParseLimits(maximumBytes: ClientLimits.maximumObjectBytes)

    static func object(_ bytes: [UInt8]) throws(APIFailure) -> Value {
        do throws(ParseError) {
            return try Document(bytes, limits: limits).root
        } catch {
            throw .malformed("it is no JSON that can be read: \(error)")
        }
    }

    /// A page of a list. Each item becomes a document of its own, so that whoever keeps one does not keep the page, and
    /// gets the kind and version that items of a list lack.
    package static func page(_ bytes: [UInt8], _ type: ResourceType) throws(APIFailure) -> ObjectPage {
        let root = try leniently(bytes)
        guard let items = root["items"], items.kind == .array || items.isNull else {
            throw .malformed("a list of \(type) without items")
        }
        var objects: [Value] = []
        objects.reserveCapacity(items.count)
        for item in items.elements {
            guard item.kind == .object else { throw .malformed("a list of \(type) holds what is no object") }
            objects.append(try object(item, of: type))
        }
        let metadata = root["metadata"]
        let next = metadata?["continue"]?.string ?? ""
        return ObjectPage(
            items: objects, resourceVersion: metadata?["resourceVersion"]?.string ?? "",
            next: next.isEmpty ? nil : next)
    }

    /// One line of a watch.
    ///
    /// Source: Kubernetes, "Kubernetes API Concepts", Efficient detection of changes.
    /// - Throws: what an `ERROR` line says, as 410.
    package static func event(_ line: [UInt8]) throws(APIFailure) -> WatchEvent {
        let (root, isStub): (Value, Bool)
        if let document = try? Document(line, limits: limits) {
            (root, isStub) = (document.root, false)
        } else {
            (root, isStub) = (try leniently(line), true)
        }
        guard let type = root["type"]?.string, var object = root["object"], object.kind == .object else {
            throw .malformed("a line of a watch without a type or an object")
        }
        if isStub { object = try stub(object) }
        switch type {
        case "ADDED": return .added(object)
        case "MODIFIED": return .modified(object)
        case "DELETED": return .deleted(object)
        case "BOOKMARK":
            guard let version = object["metadata"]?["resourceVersion"]?.string, !version.isEmpty else {
                throw .malformed("a bookmark without a version")
            }
            return .bookmark(resourceVersion: version)
        case "ERROR": throw APIFailure(status: object, code: 500)
        default: throw .malformed("a line of a watch of an unknown type")
        }
    }

    private static func object(_ item: Value, of type: ResourceType) throws(APIFailure) -> Value {
        var bytes = item.source
        if item["kind"] == nil, item.count > 0 {
            var writer = Writer(reservingCapacity: bytes.count + 64)
            writer.beginObject()
            writer.key("kind")
            writer.string(type.kind)
            if item["apiVersion"] == nil {
                writer.key("apiVersion")
                writer.string(type.apiVersion)
            }
            bytes = writer.bytes + [UInt8(ascii: ",")] + bytes.dropFirst()
        }
        if let document = try? Document(bytes, limits: limits) { return document.root }
        return try stub(item)
    }

    private static func leniently(_ bytes: [UInt8]) throws(APIFailure) -> Value {
        let limits = ParseLimits(
            maximumBytes: ClientLimits.maximumPageBytes, maximumDepth: ClientLimits.maximumListDepth)
        do throws(ParseError) {
            return try Document(bytes, limits: limits, duplicateKeys: .keepLast).root
        } catch {
            throw .malformed("it is no JSON that can be read: \(error)")
        }
    }

    /// What identifies an object, and its version.
    private static func stub(_ object: Value) throws(APIFailure) -> Value {
        var writer = Writer()
        writer.beginObject()
        for key in ["apiVersion", "kind"] { copy(key, of: object, to: &writer) }
        writer.key("metadata")
        writer.beginObject()
        for key in ["name", "namespace", "uid", "resourceVersion", "generation"] {
            if let metadata = object["metadata"] { copy(key, of: metadata, to: &writer) }
        }
        writer.endObject()
        writer.endObject()
        return try self.object(writer.bytes)
    }

    private static func copy(_ key: String, of object: Value, to writer: inout Writer) {
        guard let value = object[key], value.kind == .string || value.kind == .number else { return }
        writer.key(key)
        writer.value(value)
    }
}
