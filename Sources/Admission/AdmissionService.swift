import HTTPServer
import JSON
import Policy
import Synchronization
import Verification

/// The webhook: `POST /mutate` and `POST /validate`, each also with a sub-path; everything else is the operators'.
///
/// A review is read, planned, checked, decided and written in a straight line. When the verifier remembers every answer
/// the whole line runs in place; otherwise the checks become a task, and the answer follows.
public final class AdmissionService: Service {
    private let policies: Mutex<PolicySnapshot>
    private let verifier: ImageVerifier
    private let log: DecisionLog
    private let metrics: AdmissionMetrics
    private let operations: OperationsService

    public init(
        policies: PolicySnapshot, verifier: ImageVerifier, log: DecisionLog, metrics: AdmissionMetrics,
        operations: OperationsService
    ) {
        self.policies = Mutex(policies)
        self.verifier = verifier
        self.log = log
        self.metrics = metrics
        self.operations = operations
    }

    /// Swaps in new policies; a request that has begun ends with those it began with.
    public func use(_ snapshot: PolicySnapshot) { policies.withLock { $0 = snapshot } }

    public func handle(
        _ head: RequestHead, body: Span<UInt8>, respond: inout Response, later: () -> Reply
    ) -> Disposition {
        guard let phase = Self.phase(of: head.path) else {
            return operations.handle(head, body: body, respond: &respond, later: later)
        }
        guard head.method == .post else {
            respond = Refusal.methodNotAllowed("POST").response
            return .answered
        }
        return review(phase, query: head.query, body: body, respond: &respond, later: later)
    }

    private static func phase(of path: String) -> Phase? {
        if path == "/mutate" || path.hasPrefix("/mutate/") { return .mutate }
        if path == "/validate" || path.hasPrefix("/validate/") { return .validate }
        return nil
    }

    private func review(
        _ phase: Phase, query: String?, body: Span<UInt8>, respond: inout Response, later: () -> Reply
    ) -> Disposition {
        let begin = ContinuousClock.now
        let request: AdmissionRequest
        do throws(ReviewError) {
            request = try Self.parse(body)
        } catch {
            metrics.malformed.increment()
            respond = Refusal.badReview(error).response
            return .answered
        }

        let plan = Plan(request, phase: phase, policies: policies.withLock { $0 })
        if let results = Checks.remembered(plan, by: verifier) {
            respond = answer(request, plan, results, begin)
            return .answered
        }
        let reply = later()
        let deadline = begin + WebhookTimeout.allowance(query: query)
        Task {
            let results = await Checks.run(plan, by: self.verifier, deadline: deadline)
            reply.answer(self.answer(request, plan, results, begin))
        }
        return .later
    }

    private static func parse(_ body: Span<UInt8>) throws(ReviewError) -> AdmissionRequest {
        guard !body.isEmpty else { throw .empty }
        let document: Document
        do throws(ParseError) {
            document = try Document(copying: body)
        } catch {
            throw .malformed(error)
        }
        return try AdmissionRequest(document)
    }

    private func answer(
        _ request: AdmissionRequest, _ plan: Plan, _ results: [CheckResult], _ begin: ContinuousClock.Instant
    ) -> Response {
        let verdict = Verdict(request, plan: plan, results: results)
        let duration = ContinuousClock.now - begin
        metrics.record(request, phase: plan.phase, verdict: verdict, duration: duration)
        log.record(request, phase: plan.phase, verdict: verdict, duration: duration)
        return Response(
            status: 200, contentType: "application/json",
            body: AdmissionResponse.write(uid: request.uid, verdict: verdict))
    }
}
