import Matching

/// A PolicyException, compiled: requests that some rules let pass, without touching their policies.
///
/// Source: Kyverno `kyverno.io/v2` and `v2beta1`, PolicyException.
public struct PolicyException: Sendable, Hashable {
    /// Some rules of one policy.
    public struct Rules: Sendable, Hashable {
        /// The policy as ``ImagePolicy/qualifiedName`` has it, compared as it is.
        public let policyName: String
        /// One of these must match the rule's name; a rule that autogen made has a name of its own.
        public let ruleNames: [Glob]

        public init(policyName: String, ruleNames: [Glob]) {
            self.policyName = policyName
            self.ruleNames = ruleNames
        }
    }

    /// `namespace/name`: how people tell exceptions apart.
    public let qualifiedName: String
    public let rules: [Rules]
    public let match: MatchBlock

    public init(qualifiedName: String, rules: [Rules], match: MatchBlock) {
        self.qualifiedName = qualifiedName
        self.rules = rules
        self.match = match
    }

    /// Whether it is about a rule at all.
    func covers(_ rule: ImageRule, of policy: ImagePolicy) -> Bool {
        rules.contains { excepted in
            excepted.policyName.utf8.elementsEqual(policy.qualifiedName.utf8)
                && excepted.ruleNames.contains { $0.matches(rule.name) }
        }
    }

    /// Whether it is about a request: by the object as it will be, whatever the operation.
    func applicability(to resource: ResourceAttributes, facts: RequestFacts) -> Applicability {
        match.excludes(resource, facts)
    }
}
