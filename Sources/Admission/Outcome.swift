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
    public let rules: [AppliedRule]

    init(_ request: AdmissionRequest, plan: Plan, results: [CheckResult]) {
        phase = plan.phase
        verdict = Verdict(request, plan: plan, results: results)
        rules = plan.rules.map {
            AppliedRule(policy: $0.policy, rule: $0.rule, hasImages: !$0.items.isEmpty || $0.failure != nil)
        }
    }
}
