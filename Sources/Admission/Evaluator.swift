import Policy
import Verification

/// Takes one request through the rooms of the gate: plan, checks, verdict. It knows neither where requests come from nor
/// where answers go, so that the server and `countersign apply` decide alike.
public struct Evaluator: Sendable {
    public let policies: PolicySnapshot
    public let verifier: ImageVerifier

    public init(policies: PolicySnapshot, verifier: ImageVerifier) {
        self.policies = policies
        self.verifier = verifier
    }

    /// How far a request gets without waiting for anything.
    enum Beginning {
        case decided(Outcome)
        /// Something has to be asked: ``Evaluator/finish(_:deadline:)`` does.
        case open(Open)
    }

    /// A request whose answer has to be waited for.
    struct Open: Sendable {
        let request: AdmissionRequest
        let plan: Plan
    }

    /// Goes as far as memory reaches. Synchronous and quick: an event loop may call it.
    func begin(_ request: AdmissionRequest, phase: Phase) -> Beginning {
        let plan = Plan(request, phase: phase, policies: policies)
        guard let results = Checks.remembered(plan, by: verifier) else {
            return .open(Open(request: request, plan: plan))
        }
        return .decided(Outcome(request, plan: plan, results: results))
    }

    /// Asks what has to be asked; what is not known by the deadline is an error of its image.
    func finish(_ open: Open, deadline: ContinuousClock.Instant) async -> Outcome {
        let results = await Checks.run(open.plan, by: verifier, deadline: deadline)
        return Outcome(open.request, plan: open.plan, results: results)
    }

    /// What is answered to a request, and why.
    public func evaluate(
        _ request: AdmissionRequest, phase: Phase, deadline: ContinuousClock.Instant
    ) async -> Outcome {
        switch begin(request, phase: phase) {
        case .decided(let outcome): outcome
        case .open(let open): await finish(open, deadline: deadline)
        }
    }
}
