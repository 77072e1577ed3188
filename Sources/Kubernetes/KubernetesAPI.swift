import JSON

/// What the API server does for us: ``KubernetesClient`` asks a real one, and tests one in memory.
///
/// Bodies are JSON texts. Objects come back whole, as the API server wrote them. Every method ends in bounded time,
/// but for ``watch(_:_:from:)``, and with ``APIFailure/cancelled`` when its task is cancelled.
public protocol KubernetesAPI: Sendable {
    func get(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) -> Value

    /// One page of a list. ``ObjectPage/next`` continues it; 410 then says that the continuation is too old.
    func page(
        _ type: ResourceType, _ selection: Selection, limit: Int, continuing: String?
    ) async throws(APIFailure) -> ObjectPage

    /// What changes from a version on. The stream ends when the server ends it, which is normal, or throws.
    ///
    /// Events come in order. Whoever does not read loses the watch, and nothing in between.
    func watch(
        _ type: ResourceType, _ selection: Selection, from resourceVersion: String
    ) async throws(APIFailure) -> AsyncThrowingStream<WatchEvent, any Error>

    func create(_ type: ResourceType, namespace: String?, _ body: [UInt8]) async throws(APIFailure) -> Value

    /// Replaces the object; with `metadata.resourceVersion` in the body, only the version that was read (409).
    func replace(_ type: ResourceType, _ name: ObjectName, _ body: [UInt8]) async throws(APIFailure) -> Value

    /// Server-side apply as the field manager `countersign`, taking over fields that others own.
    ///
    /// - Parameter subresource: `status`, or nil for the object itself.
    func apply(
        _ type: ResourceType, _ name: ObjectName, subresource: String?, _ body: [UInt8]
    ) async throws(APIFailure) -> Value

    func delete(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure)

    /// A GET of any path, as discovery's `/apis/apps/v1`.
    func document(at path: String) async throws(APIFailure) -> Value
}

extension KubernetesAPI {
    public func apply(
        _ type: ResourceType, _ name: ObjectName, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        try await apply(type, name, subresource: nil, body)
    }
}

/// A part of a list.
public struct ObjectPage: Sendable {
    public let items: [Value]
    /// The version of the whole list: where a watch goes on from.
    public let resourceVersion: String
    /// The token of the rest; nil when this is the last page.
    public let next: String?

    public init(items: [Value], resourceVersion: String, next: String? = nil) {
        self.items = items
        self.resourceVersion = resourceVersion
        self.next = next
    }
}

/// One line of a watch. An `ERROR` line ends the stream as an ``APIFailure``.
public enum WatchEvent: Sendable {
    case added(Value)
    case modified(Value)
    case deleted(Value)
    /// Nothing changed up to this version.
    case bookmark(resourceVersion: String)
}
