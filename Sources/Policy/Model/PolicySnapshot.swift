/// A rule that looks at a request, and the policy it belongs to.
public struct ApplicableRule: Sendable {
    public let policy: ImagePolicy
    public let rule: ImageRule
    /// Why it cannot be told whether the rule looks at the request; it then counts as if it did, and fails.
    public let failure: RuleFailure?
}

/// The rules that look at a request, as far as the facts tell.
public struct Candidates: Sendable {
    /// In the policies' order; final once ``needs`` asks for no more facts about the request.
    public private(set) var rules: [ApplicableRule] = []
    /// What has to be found out before the rules can be decided. Asking the snapshot again with these facts gives the
    /// final rules, which may still need their context.
    public private(set) var needs: RuleNeeds = []

    fileprivate mutating func add(_ rule: ImageRule, of policy: ImagePolicy, _ applicability: Applicability) {
        var failure: RuleFailure?
        switch applicability {
        case .no: return
        case .yes: break
        case .undecided(let doubt):
            needs.formUnion(doubt.needs)
            failure = RuleFailure(doubt, of: rule)
        }
        needs.formUnion(rule.needs)
        rules.append(ApplicableRule(policy: policy, rule: rule, failure: failure))
    }
}

extension RuleFailure {
    fileprivate init(_ doubt: Applicability.Doubt, of rule: ImageRule) {
        let reason = doubt.failure?.description ?? "what the cluster knows was not asked"
        self.init("it cannot be told whether the rule applies: \(reason)")
    }
}

/// A set of policies, compiled and immutable: what a request is judged by from start to end.
public final class PolicySnapshot: Sendable {
    public let policies: [ImagePolicy]

    private typealias OwnedRule = (policy: ImagePolicy, rule: ImageRule)

    /// The rules that can match a kind, in the policies' order, for every kind that some rule names.
    private let rulesByKind: [String: [OwnedRule]]
    /// The rules that can match a kind that no rule names.
    private let rulesOfOtherKinds: [OwnedRule]

    public static let empty = PolicySnapshot([])

    public init(_ policies: [ImagePolicy]) {
        self.policies = policies
        var all: [(rule: OwnedRule, kinds: Set<String>?)] = []
        for policy in policies {
            for rule in policy.rules {
                all.append(((policy, rule), rule.match.literalKinds))
            }
        }
        // A kind's rules are those that name it and those that may match any kind, merged in order.
        let named = all.reduce(into: Set<String>()) { $0.formUnion($1.kinds ?? []) }
        var byKind: [String: [OwnedRule]] = [:]
        for (rule, kinds) in all {
            for kind in kinds ?? named { byKind[kind, default: []].append(rule) }
        }
        rulesByKind = byKind
        rulesOfOtherKinds = all.filter { $0.kinds == nil }.map(\.rule)
    }

    /// The kinds that the rules name, and whether some rule may match any other: what a webhook has to be registered
    /// for.
    public var kinds: (named: Set<String>, others: Bool) {
        (Set(rulesByKind.keys), !rulesOfOtherKinds.isEmpty)
    }

    /// The rules that look at the request, as far as `facts` tell: a pure function of the two, in no time to speak of.
    public func candidates(for resource: ResourceAttributes, facts: RequestFacts = .none) -> Candidates {
        var candidates = Candidates()
        guard !resource.isPastVerification else { return candidates }
        for (policy, rule) in rulesByKind[resource.kind] ?? rulesOfOtherKinds {
            candidates.add(rule, of: policy, rule.applicability(to: resource, facts: facts))
        }
        return candidates
    }
}
