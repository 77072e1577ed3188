import Policy
import Verification

/// Takes one request through the rooms of the gate: facts, plan, checks, verdict. It knows neither where requests come
/// from nor where answers go, so that the server and `countersign apply` decide alike.
public struct Evaluator: Sendable {
    public let policies: PolicySnapshot
    public let verifier: ImageVerifier
    public let facts: any ClusterFacts
    /// Nil where Pods' own pull secrets are not known.
    let pullSecrets: (any PullSecrets)?

    public init(
        policies: PolicySnapshot, verifier: ImageVerifier, facts: any ClusterFacts = NoClusterFacts(),
        pullSecrets: (any PullSecrets)? = nil
    ) {
        self.pullSecrets = pullSecrets
        self.policies = policies
        self.verifier = verifier
        self.facts = facts
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
        let phase: Phase
        /// What the cluster has to be asked before there is a plan.
        let needs: RuleNeeds
        /// Nil when something has to be asked before.
        let plan: Plan?
    }

    /// Goes as far as memory reaches. Synchronous and quick: an event loop may call it.
    func begin(_ request: AdmissionRequest, phase: Phase) -> Beginning {
        let attributes = request.attributes
        var candidates = policies.candidates(for: attributes)
        if candidates.needs == [.namespaceLabels],
            let labels = facts.knownNamespaceLabels(attributes.namespace)
        {
            candidates = policies.candidates(for: attributes, facts: RequestFacts(namespaceLabels: .success(labels)))
        }
        guard candidates.needs.isEmpty else {
            return .open(Open(request: request, phase: phase, needs: candidates.needs, plan: nil))
        }
        let plan = Plan(request, phase: phase, rules: candidates.rules)
        guard let results = Checks.remembered(plan, by: verifier, PullAccess(attributes, pullSecrets)) else {
            return .open(Open(request: request, phase: phase, needs: [], plan: plan))
        }
        return .decided(Outcome(request, plan: plan, results: results))
    }

    /// Asks what has to be asked; what is not known by the deadline is an error of its rule or its image.
    func finish(_ open: Open, deadline: ContinuousClock.Instant) async -> Outcome {
        let plan =
            if let plan = open.plan { plan } else { await gather(open, deadline: deadline) }
        let access = PullAccess(open.request.attributes, pullSecrets)
        // A plan that had to wait for facts may still ask nothing new: then nobody's pull secrets are read.
        if open.plan == nil, let results = Checks.remembered(plan, by: verifier, access) {
            return Outcome(open.request, plan: plan, results: results)
        }
        let results = await Checks.run(plan, by: verifier, access, deadline: deadline)
        return Outcome(open.request, plan: plan, results: results)
    }

    /// The plan of a request whose rules ask about the cluster.
    private func gather(_ open: Open, deadline: ContinuousClock.Instant) async -> Plan {
        let attributes = open.request.attributes
        let facts = await FactGathering.facts(open.needs, about: attributes, from: facts, deadline: deadline)
        let candidates = policies.candidates(for: attributes, facts: facts)
        let bindings = await BindingGathering.bindings(
            candidates.rules, for: open.request, from: self.facts,
            images: OpenedImages(verifier: verifier, access: PullAccess(attributes, pullSecrets)), deadline: deadline)
        return Plan(open.request, phase: open.phase, rules: candidates.rules, bindings: bindings)
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
