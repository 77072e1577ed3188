/// A rule that looks at a request, and the policy it belongs to.
public struct ApplicableRule: Sendable {
    public let policy: ImagePolicy
    public let rule: ImageRule
    /// Why it cannot be told what the rule says about the request; it then counts as if it looked at it, and fails.
    public let failure: RuleFailure?
    /// Whether a failing image denies the request.
    public let enforces: Bool
    /// The PolicyException that lets the request pass, so that the rule only reports what it skips.
    public let exception: String?
}

/// The rules that look at a request, as far as the facts tell.
public struct Candidates: Sendable {
    /// In the policies' order; final once ``needs`` asks for no more facts about the request.
    public private(set) var rules: [ApplicableRule] = []
    /// What has to be found out before the rules can be decided. Asking the snapshot again with these facts gives the
    /// final rules, which may still need their context.
    public private(set) var needs: RuleNeeds = []

    fileprivate mutating func add(
        _ owned: PolicySnapshot.OwnedRule, _ resource: ResourceAttributes, _ facts: RequestFacts
    ) {
        let (policy, rule) = (owned.policy, owned.rule)
        var failure: RuleFailure?
        func fail(_ doubt: Applicability.Doubt, _ what: String) {
            needs.formUnion(doubt.needs)
            let reason = doubt.failure?.description ?? "what the cluster knows was not asked"
            failure = failure ?? RuleFailure("it cannot be told \(what): \(reason)")
        }

        // (1) Does the rule look at the request?
        switch rule.applicability(to: resource, facts: facts) {
        case .no: return
        case .yes: failure = rule.refusal?.failure
        case .undecided(let doubt): fail(doubt, "whether the rule applies")
        }

        // (2) Does it deny?
        let (enforces, doubt) = policy.enforcement(of: rule, for: resource, facts: facts)
        if let doubt { fail(doubt, "whether the rule denies") }

        // (3) Is there an exception? One that is certain ends all other doubts.
        var exception: String?
        for candidate in owned.exceptions where exception == nil {
            switch candidate.applicability(to: resource, facts: facts) {
            case .no: continue
            case .yes: (exception, failure) = (candidate.qualifiedName, nil)
            case .undecided(let doubt): fail(doubt, "whether exception \(candidate.qualifiedName) applies")
            }
        }
        if exception == nil { needs.formUnion(rule.needs) }
        rules.append(
            ApplicableRule(policy: policy, rule: rule, failure: failure, enforces: enforces, exception: exception))
    }
}

/// A set of policies, compiled and immutable: what a request is judged by from start to end.
public final class PolicySnapshot: Sendable {
    public let policies: [ImagePolicy]

    /// Those that were honoured when the policies were loaded.
    public let exceptions: [PolicyException]

    fileprivate typealias OwnedRule = (policy: ImagePolicy, rule: ImageRule, exceptions: [PolicyException])

    /// The rules that can match a kind, in the policies' order, for every kind that some rule names.
    private let rulesByKind: [String: [OwnedRule]]
    /// The rules that can match a kind that no rule names.
    private let rulesOfOtherKinds: [OwnedRule]

    public static let empty = PolicySnapshot([])

    public init(_ policies: [ImagePolicy], exceptions: [PolicyException] = []) {
        self.policies = policies
        self.exceptions = exceptions
        var all: [(rule: OwnedRule, kinds: Set<String>?)] = []
        // Most policies have no exceptions, and each policy is compared with its own alone.
        var byPolicy: [String: [PolicyException]] = [:]
        for exception in exceptions {
            for name in Set(exception.rules.map(\.policyName)) { byPolicy[name, default: []].append(exception) }
        }
        for policy in policies {
            for rule in policy.rules {
                let excepting = (byPolicy[policy.qualifiedName] ?? []).filter { $0.covers(rule, of: policy) }
                all.append(((policy, rule, excepting), rule.match.literalKinds))
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
        for rule in rulesByKind[resource.kind] ?? rulesOfOtherKinds { candidates.add(rule, resource, facts) }
        return candidates
    }
}
