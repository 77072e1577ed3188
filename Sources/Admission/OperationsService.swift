import HTTPServer
import Synchronization

/// What an operator and a kubelet ask: `GET /livez`, `/readyz` and `/metrics`. Served beside the reviews over TLS, and
/// alone on `--metrics-listen`.
public final class OperationsService: Service {
    private let isReady = Atomic<Bool>(false)
    private let isLeaving = Atomic<Bool>(false)
    private let metrics: @Sendable () -> [UInt8]

    /// - Parameter metrics: Renders the metrics as Prometheus text.
    public init(metrics: @escaping @Sendable () -> [UInt8]) { self.metrics = metrics }

    /// From now on `/readyz` says so, until ``leave()``.
    public func becomeReady() { isReady.store(true, ordering: .relaxed) }

    /// From now on nobody is to send anything here, whatever gets ready meanwhile.
    public func leave() { isLeaving.store(true, ordering: .relaxed) }

    public func handle(
        _ head: RequestHead, body: Span<UInt8>, respond: inout Response, later: () -> Reply
    ) -> Disposition {
        respond = response(head)
        return .answered
    }

    private func response(_ head: RequestHead) -> Response {
        let answer: Response
        switch head.path {
        case "/livez", "/healthz": answer = Self.probe(true)
        case "/readyz": answer = Self.probe(isReady.load(ordering: .relaxed) && !isLeaving.load(ordering: .relaxed))
        case "/metrics":
            answer = Response(status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics())
        default: return Refusal.notFound(head.path).response
        }
        return head.method == .get || head.method == .head ? answer : Refusal.methodNotAllowed("GET, HEAD").response
    }

    private static func probe(_ isWell: Bool) -> Response {
        Response(
            status: isWell ? 200 : 503, contentType: "text/plain; charset=utf-8",
            body: Array((isWell ? "ok\n" : "not ready\n").utf8))
    }
}
