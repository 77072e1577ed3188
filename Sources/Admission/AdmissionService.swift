import HTTPServer
import JSON
import Policy
import Synchronization
import Verification

/// The webhook: `POST /mutate` and `POST /validate`, each also with a sub-path, and `POST /policies`; everything else is
/// the operators'. All policies are evaluated, whatever the sub-path.
///
/// A review is read, planned, checked, decided and written in a straight line. When no rule asks about the cluster and
/// the verifier remembers every answer the whole line runs in place; otherwise what is left becomes a task, and the
/// answer follows.
public final class AdmissionService: Service {
    /// Nil as long as not all policies are known: an incomplete set would admit what the rest denies.
    private let policies: Mutex<PolicySnapshot?>
    private let policyReviews: PolicyReviewService
    private let verifier: ImageVerifier
    private let facts: any ClusterFacts
    private let pullSecrets: (any PullSecrets)?
    private let log: DecisionLog
    private let metrics: AdmissionMetrics
    private let operations: OperationsService
    private let observers: [any DecisionObserver]

    /// - Parameter policies: Nil while they are still being read: until ``use(_:)``, reviews get 503, and the API server
    ///   does what the webhook's failure policy says.
    public init(
        policies: PolicySnapshot?, policyReviews: PolicyReviewService = PolicyReviewService(), verifier: ImageVerifier,
        facts: any ClusterFacts = NoClusterFacts(), pullSecrets: (any PullSecrets)? = nil, log: DecisionLog,
        metrics: AdmissionMetrics, operations: OperationsService, observers: [any DecisionObserver] = []
    ) {
        self.policies = Mutex(policies)
        self.policyReviews = policyReviews
        self.verifier = verifier
        self.facts = facts
        self.pullSecrets = pullSecrets
        self.log = log
        self.metrics = metrics
        self.operations = operations
        self.observers = observers
    }

    /// Swaps in new policies; a request that has begun ends with those it began with.
    public func use(_ snapshot: PolicySnapshot) { policies.withLock { $0 = snapshot } }

    public func handle(
        _ head: RequestHead, body: Span<UInt8>, respond: inout Response, later: () -> Reply
    ) -> Disposition {
        let route = ReviewRoute(path: head.path)
        guard route != nil || head.path == Self.policiesPath else {
            return operations.handle(head, body: body, respond: &respond, later: later)
        }
        guard head.method == .post else {
            respond = Refusal.methodNotAllowed("POST").response
            return .answered
        }
        guard let route else { return policyReview(body, respond: &respond, later: later) }
        return review(route, query: head.query, body: body, respond: &respond, later: later)
    }

    /// Where the API server asks about policies.
    public static let policiesPath = "/policies"

    private func policyReview(_ body: Span<UInt8>, respond: inout Response, later: () -> Reply) -> Disposition {
        let request: AdmissionRequest
        do throws(ReviewError) {
            request = try Self.parse(body)
        } catch {
            metrics.malformed.increment()
            respond = Refusal.badReview(error).response
            return .answered
        }
        guard body.count > PolicyReviewService.largestBodyInPlace else {
            respond = policyReviews.answer(request)
            return .answered
        }
        let reply = later()
        Task { reply.answer(self.policyReviews.answer(request)) }
        return .later
    }

    private func review(
        _ route: ReviewRoute, query: String?, body: Span<UInt8>, respond: inout Response, later: () -> Reply
    ) -> Disposition {
        let begin = ContinuousClock.now
        guard let policies = policies.withLock({ $0 }) else {
            respond = Refusal.notReady.response
            return .answered
        }
        let request: AdmissionRequest
        do throws(ReviewError) {
            request = try Self.parse(body)
        } catch {
            metrics.malformed.increment()
            respond = Refusal.badReview(error).response
            return .answered
        }

        let evaluator = Evaluator(
            policies: policies, verifier: verifier, facts: facts, pullSecrets: pullSecrets)
        switch evaluator.begin(request, phase: route.phase) {
        case .decided(let outcome):
            respond = answer(request, outcome, evaluator.policies, begin)
            return .answered
        case .open(let open):
            let reply = later()
            let deadline = begin + WebhookTimeout.allowance(query: query)
            Task {
                let outcome = await evaluator.finish(open, deadline: deadline)
                reply.answer(self.answer(request, outcome, evaluator.policies, begin))
            }
            return .later
        }
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
        _ request: AdmissionRequest, _ outcome: Outcome, _ policies: PolicySnapshot, _ begin: ContinuousClock.Instant
    ) -> Response {
        let duration = ContinuousClock.now - begin
        metrics.record(request, phase: outcome.phase, verdict: outcome.verdict, duration: duration)
        log.record(request, phase: outcome.phase, verdict: outcome.verdict, duration: duration)
        if !request.isDryRun {
            for observer in observers { observer.observe(request, outcome, policies: policies) }
        }
        return Response(
            status: 200, contentType: "application/json",
            body: AdmissionResponse.write(uid: request.uid, verdict: outcome.verdict))
    }
}
