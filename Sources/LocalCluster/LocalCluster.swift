import JSON
import Kubernetes
import Synchronization

/// An API server in memory: enough of one to test controllers against, and one that misbehaves on request.
///
/// It keeps objects by type and name, counts versions, answers conflicts, and streams changes. It knows no schema, no
/// admission and no RBAC; ``fail(_:)`` says what it refuses.
public final class LocalCluster: KubernetesAPI {
    /// Something that was asked of the cluster, as a test wants to count it.
    public struct Request: Sendable, Equatable {
        /// As RBAC has it: `get`, `list`, `watch`, `create`, `update`, `apply`, `delete`.
        public let verb: String
        public let type: ResourceType
        public let name: String
        /// `status`, or empty.
        public let subresource: String
        public let body: [UInt8]

        public var isWrite: Bool { !["get", "list", "watch"].contains(verb) }
    }

    private struct Key: Hashable {
        let type: String
        let name: ObjectName
    }

    private struct Change {
        let version: Int
        let key: Key
        let event: WatchEvent
        let object: Value
    }

    private struct Watcher {
        let type: String
        let selection: Selection
        let continuation: AsyncThrowingStream<WatchEvent, any Error>.Continuation
    }

    private struct State {
        var version = 1
        var objects: [Key: Value] = [:]
        var order: [Key] = []
        var changes: [Change] = []
        /// Versions up to this one are forgotten: a watch from one of them gets 410.
        var forgotten = 0
        var watchers: [Int: Watcher] = [:]
        var nextWatcher = 0
        var requests: [Request] = []
        var failure: (@Sendable (Request) -> APIFailure?)?
        var documents: [String: Value] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    // MARK: For tests

    /// Everything that was asked so far.
    public var requests: [Request] { state.withLock { $0.requests } }

    /// Everything that was written so far.
    public var writes: [Request] { requests.filter(\.isWrite) }

    public func forgetRequests() { state.withLock { $0.requests = [] } }

    /// Asks `refusal` about every request from now on; what it answers is what the request gets.
    public func fail(_ refusal: (@Sendable (Request) -> APIFailure?)?) { state.withLock { $0.failure = refusal } }

    /// Ends every watch, as a server that restarts.
    public func cutWatches(with failure: APIFailure? = nil) {
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.continuation.finish(throwing: failure) }
    }

    /// Forgets the history: watches from before get 410.
    public func compact() {
        state.withLock { state in
            state.version += 1
            state.forgotten = state.version
            state.changes = []
        }
    }

    /// What ``document(at:)`` answers at a path.
    public func serve(_ text: String, at path: String) throws {
        let value = try Document(Array(text.utf8)).root
        state.withLock { $0.documents[path] = value }
    }

    /// Puts an object there as somebody else would; not counted among the requests.
    @discardableResult
    public func put(_ type: ResourceType, _ text: String) throws -> Value? {
        let value = try Document(Array(text.utf8)).root
        guard let name = ObjectName(of: value) else { throw APIFailure.malformed("an object without a name") }
        return state.withLock { Self.store(Node(value), Key(type: "\(type)", name: name), in: &$0) }
    }

    /// Takes an object away as somebody else would.
    public func remove(_ type: ResourceType, _ name: ObjectName) {
        state.withLock { _ = Self.remove(Key(type: "\(type)", name: name), in: &$0) }
    }

    /// The object as it is, or nil.
    public func object(_ type: ResourceType, _ name: ObjectName) -> Value? {
        state.withLock { $0.objects[Key(type: "\(type)", name: name)] }
    }

    // MARK: KubernetesAPI

    public func get(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) -> Value {
        try ask("get", type, name.description)
        guard let value = object(type, name) else { throw Self.notFound(type, name) }
        return value
    }

    public func page(
        _ type: ResourceType, _ selection: Selection, limit: Int, continuing: String?
    ) async throws(APIFailure) -> ObjectPage {
        try ask("list", type, selection.namespace ?? "")
        return state.withLock { state in
            let all = state.order.filter { $0.type == "\(type)" }.compactMap { state.objects[$0] }
                .filter { Self.selects(selection, $0) }
            let start = min(continuing.flatMap { Int($0) } ?? 0, all.count)
            let end = min(start + limit, all.count)
            return ObjectPage(
                items: Array(all[start..<end]), resourceVersion: String(state.version),
                next: end < all.count ? String(end) : nil)
        }
    }

    public func watch(
        _ type: ResourceType, _ selection: Selection, from resourceVersion: String
    ) async throws(APIFailure) -> AsyncThrowingStream<WatchEvent, any Error> {
        try ask("watch", type, selection.namespace ?? "")
        let version = Int(resourceVersion) ?? 0
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: WatchEvent.self)
        let isGone = state.withLock { state in
            guard version >= state.forgotten else { return true }
            for change in state.changes
            where change.version > version && change.key.type == "\(type)" && Self.selects(selection, change.object) {
                continuation.yield(change.event)
            }
            let watcher = state.nextWatcher
            state.nextWatcher += 1
            state.watchers[watcher] = Watcher(type: "\(type)", selection: selection, continuation: continuation)
            continuation.onTermination = { [weak self] _ in
                // On another thread's turn: whoever ends the stream may hold the lock.
                Task { self?.state.withLock { _ = $0.watchers.removeValue(forKey: watcher) } }
            }
            return false
        }
        if isGone { throw .status(410, reason: "Expired", message: "too old resource version: \(resourceVersion)") }
        return stream
    }

    public func create(
        _ type: ResourceType, namespace: String?, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        let value = try Self.parse(body)
        let given = value["metadata"]?["name"]?.string ?? ""
        let generated = value["metadata"]?["generateName"]?.string ?? ""
        try ask("create", type, given, body: body)
        let stored: Value? = state.withLock { state in
            let name = ObjectName(given.isEmpty ? generated + String(state.version + 1) : given, namespace: namespace)
            let key = Key(type: "\(type)", name: name)
            guard state.objects[key] == nil else { return nil }
            var node = Node(value)
            node["metadata"]?["name"] = .string(name.name)
            return Self.store(node, key, in: &state)
        }
        guard let stored else {
            throw .status(409, reason: "AlreadyExists", message: "\(type) \"\(given)\" already exists")
        }
        return stored
    }

    public func replace(
        _ type: ResourceType, _ name: ObjectName, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        try ask("update", type, name.description, body: body)
        let value = try Self.parse(body)
        let key = Key(type: "\(type)", name: name)
        let outcome: Result<Value, APIFailure> = state.withLock { state in
            guard let known = state.objects[key] else { return .failure(Self.notFound(type, name)) }
            if let version = value["metadata"]?["resourceVersion"]?.string,
                version != known["metadata"]?["resourceVersion"]?.string
            {
                return .failure(
                    .status(409, reason: "Conflict", message: "\(type) \"\(name)\": the object has been modified"))
            }
            return Self.store(Node(value), key, in: &state).map { .success($0) } ?? .failure(.malformed("no JSON"))
        }
        return try outcome.get()
    }

    public func apply(
        _ type: ResourceType, _ name: ObjectName, subresource: String?, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        try ask("apply", type, name.description, subresource: subresource ?? "", body: body)
        let value = try Self.parse(body)
        let key = Key(type: "\(type)", name: name)
        let stored: Value? = state.withLock { state in
            guard let known = state.objects[key] else {
                return subresource == nil ? Self.store(Node(value), key, in: &state) : nil
            }
            let merged = Node(known).merged(with: Node(value))
            // As the real one: applying what is there already changes nothing, not even the version.
            guard merged.bytes != Node(known).bytes else { return known }
            return Self.store(merged, key, in: &state)
        }
        guard let stored else { throw Self.notFound(type, name) }
        return stored
    }

    public func delete(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) {
        try ask("delete", type, name.description)
        let isRemoved = state.withLock { Self.remove(Key(type: "\(type)", name: name), in: &$0) }
        guard isRemoved else { throw Self.notFound(type, name) }
    }

    public func document(at path: String) async throws(APIFailure) -> Value {
        let type = ResourceType(group: "", version: "", plural: path, kind: "", isNamespaced: false)
        try ask("get", type, path)
        guard let value = state.withLock({ $0.documents[path] }) else {
            throw .status(404, reason: "NotFound", message: "the server could not find the requested resource")
        }
        return value
    }

    // MARK: Parts

    private func ask(
        _ verb: String, _ type: ResourceType, _ name: String, subresource: String = "", body: [UInt8] = []
    ) throws(APIFailure) {
        let request = Request(verb: verb, type: type, name: name, subresource: subresource, body: body)
        let refusal = state.withLock { state in
            state.requests.append(request)
            return state.failure
        }
        if let failure = refusal?(request) { throw failure }
    }

    private static func parse(_ body: [UInt8]) throws(APIFailure) -> Value {
        do throws(ParseError) {
            return try Document(body).root
        } catch {
            throw .status(400, reason: "BadRequest", message: "\(error)")
        }
    }

    private static func notFound(_ type: ResourceType, _ name: ObjectName) -> APIFailure {
        .status(404, reason: "NotFound", message: "\(type) \"\(name.name)\" not found")
    }

    /// Stores under the next version, and tells the watchers. Nil only for what is no JSON.
    private static func store(_ node: Node, _ key: Key, in state: inout State) -> Value? {
        state.version += 1
        let known = state.objects[key]
        var node = node
        if node["metadata"] == nil { node["metadata"] = .object([]) }
        node["metadata"]?["name"] = .string(key.name.name)
        if let namespace = key.name.namespace { node["metadata"]?["namespace"] = .string(namespace) }
        node["metadata"]?["uid"] = .string(known?["metadata"]?["uid"]?.string ?? "uid-\(state.version)")
        node["metadata"]?["resourceVersion"] = .string(String(state.version))
        guard let value = try? Document(node.bytes).root else { return nil }
        if known == nil { state.order.append(key) }
        state.objects[key] = value
        tell(known == nil ? .added(value) : .modified(value), value, key, in: &state)
        return value
    }

    private static func remove(_ key: Key, in state: inout State) -> Bool {
        guard let value = state.objects.removeValue(forKey: key) else { return false }
        state.order.removeAll { $0 == key }
        state.version += 1
        var node = Node(value)
        node["metadata"]?["resourceVersion"] = .string(String(state.version))
        let last = (try? Document(node.bytes).root) ?? value
        tell(.deleted(last), last, key, in: &state)
        return true
    }

    private static func tell(_ event: WatchEvent, _ object: Value, _ key: Key, in state: inout State) {
        state.changes.append(Change(version: state.version, key: key, event: event, object: object))
        for watcher in state.watchers.values where watcher.type == key.type && selects(watcher.selection, object) {
            watcher.continuation.yield(event)
        }
    }

    private static func selects(_ selection: Selection, _ object: Value) -> Bool {
        let metadata = object["metadata"]
        if let namespace = selection.namespace, metadata?["namespace"]?.string != namespace { return false }
        if let field = selection.fieldSelector, field.hasPrefix("metadata.name="),
            metadata?["name"]?.string != String(field.dropFirst("metadata.name=".count))
        {
            return false
        }
        guard let labels = selection.labelSelector else { return true }
        return labels.split(separator: ",").allSatisfy { term in
            let parts = term.split(separator: "=", maxSplits: 1)
            return parts.count == 2 && metadata?["labels"]?[String(parts[0])]?.string == String(parts[1])
        }
    }
}
