/// A rule that looks at a request, and the policy it belongs to.
public struct ApplicableRule: Sendable {
    public let policy: ImagePolicy
    public let rule: ImageRule
}

/// A set of policies, compiled and immutable: what a request is judged by from start to end.
public final class PolicySnapshot: Sendable {
    public let policies: [ImagePolicy]

    /// A rule by the position of its policy and its own in that.
    private struct Position {
        let policy: Int
        let rule: Int
    }

    /// The rules that can match a kind, in the policies' order, for every kind that some rule names.
    private let positionsByKind: [String: [Position]]
    /// The rules that can match a kind that no rule names.
    private let positionsOfOtherKinds: [Position]

    public static let empty = PolicySnapshot([])

    public init(_ policies: [ImagePolicy]) {
        self.policies = policies
        var positions: [(position: Position, kinds: Set<String>?)] = []
        for (policyIndex, policy) in policies.enumerated() {
            for (ruleIndex, rule) in policy.rules.enumerated() {
                positions.append((Position(policy: policyIndex, rule: ruleIndex), rule.match.literalKinds))
            }
        }
        // A kind's rules are those that name it and those that may match any kind, merged in order.
        let named = positions.reduce(into: Set<String>()) { $0.formUnion($1.kinds ?? []) }
        var byKind: [String: [Position]] = [:]
        for (position, kinds) in positions {
            for kind in kinds ?? named { byKind[kind, default: []].append(position) }
        }
        positionsByKind = byKind
        positionsOfOtherKinds = positions.filter { $0.kinds == nil }.map(\.position)
    }

    /// The kinds that the rules name, and whether some rule may match any other: what a webhook has to be registered
    /// for.
    public var kinds: (named: Set<String>, others: Bool) {
        (Set(positionsByKind.keys), !positionsOfOtherKinds.isEmpty)
    }

    /// The rules that look at the request, in the policies' order.
    public func applicableRules(to resource: ResourceAttributes) -> [ApplicableRule] {
        guard !resource.isPastVerification else { return [] }
        var applicable: [ApplicableRule] = []
        for position in positionsByKind[resource.kind] ?? positionsOfOtherKinds {
            let policy = policies[position.policy]
            let rule = policy.rules[position.rule]
            if rule.selects(resource) { applicable.append(ApplicableRule(policy: policy, rule: rule)) }
        }
        return applicable
    }
}
