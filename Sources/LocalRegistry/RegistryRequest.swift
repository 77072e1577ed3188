import HTTPServer

/// A request as the registry sees it.
struct RegistryRequest: Sendable {
    let head: RequestHead
    let body: [UInt8]
    let route: Route
    let kind: RequestKind

    init(head: RequestHead, body: [UInt8]) {
        self.head = head
        self.body = body
        route = Route(path: head.path)
        kind = RequestKind(head.method, route)
    }

    var isHead: Bool { head.method == .head }
    /// Path and query as sent.
    var target: String { head.query.map { "\(head.path)?\($0)" } ?? head.path }
    var authorization: String? { head.header("authorization") }

    /// What a token must allow; nil where any token will do.
    var scope: String? {
        guard let repository = route.repository else { return nil }
        return "repository:\(repository):\(kind == .push ? "push" : "pull")"
    }
}

/// A request that came in, for tests that ask what a client sent.
public struct SeenRequest: Sendable, Hashable {
    public let method: String
    /// Path and query as sent.
    public let target: String
    public let kind: RequestKind
    public let authorization: String?
}
