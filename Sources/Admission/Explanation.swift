import OCI
import Policy
import Verification

/// Whether one rule looks at a request, and why.
public struct RuleExplanation: Sendable {
    public let policy: ImagePolicy
    public let rule: ImageRule
    public let match: MatchExplanation
    /// Whether the rule is about the request's kind at all.
    public let isAboutKind: Bool
}

/// A question to the verifier, and what it answered.
public struct CheckExplanation: Sendable {
    public let reference: ImageReference
    /// Nil where a digest alone was wanted.
    public let requirement: Requirement?
    public let result: CheckResult
}

extension Evaluator {
    /// For every rule there is, whether it looks at the request.
    public func explainMatch(
        of request: AdmissionRequest, deadline: ContinuousClock.Instant
    ) async -> [RuleExplanation] {
        let attributes = request.attributes
        let needs = policies.candidates(for: attributes).needs
        let known = await FactGathering.facts(needs, about: attributes, from: facts, deadline: deadline)
        return policies.policies.flatMap { policy in
            policy.rules.map { rule in
                RuleExplanation(
                    policy: policy, rule: rule, match: rule.explanation(for: attributes, facts: known),
                    isAboutKind: rule.isAboutKind(of: attributes))
            }
        }
    }
}
