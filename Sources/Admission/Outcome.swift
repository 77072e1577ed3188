import Policy
import Verification

/// What came of one request in one call.
public struct Outcome: Sendable {
    /// A rule that looked at the request.
    public struct AppliedRule: Sendable {
        public let policy: ImagePolicy
        public let rule: ImageRule
        /// Whether the object holds any image that the rule is about.
        public let hasImages: Bool
    }

    public let phase: Phase
    public let verdict: Verdict
    /// The rules that looked at the request, in the policies' order, also those that found no image of theirs.
    public var rules: [AppliedRule] {
        plan.rules.map {
            AppliedRule(policy: $0.policy, rule: $0.rule, hasImages: !$0.items.isEmpty || $0.failure != nil)
        }
    }
    private let plan: Plan
    private let results: [CheckResult]

    /// What the verifier was asked, each once, and what it answered.
    public var checks: [CheckExplanation] {
        zip(plan.checks, results).map { check, result in
            CheckExplanation(reference: check.reference, requirement: check.requirement, result: result)
        }
    }

    init(_ request: AdmissionRequest, plan: Plan, results: [CheckResult]) {
        phase = plan.phase
        self.plan = plan
        self.results = results
        verdict = Verdict(request, plan: plan, results: results)
    }
}
