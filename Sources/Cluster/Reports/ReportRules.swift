import Policy

/// A rule, by the names that reports know it by.
struct ReportRule: Sendable, Hashable {
    let policy: String
    let rule: String
}

/// Whose entries of a report a writer answers for.
///
/// Several write about one object: the background scan asks some policies, and each call of a webhook asks those of its
/// failure policy. None of them may take away what another one said.
struct ReportRules: Sendable {
    /// The rules that were asked: what they said before is replaced.
    let asked: Set<ReportRule>
    /// All rules that there are: an entry of any other is out of date.
    let inForce: Set<ReportRule>

    init(asked: PolicySnapshot, inForce: PolicySnapshot) {
        self.asked = Self.rules(of: asked)
        self.inForce = Self.rules(of: inForce)
    }

    private static func rules(of policies: PolicySnapshot) -> Set<ReportRule> {
        var rules: Set<ReportRule> = []
        for policy in policies.policies {
            for rule in policy.rules { rules.insert(ReportRule(policy: policy.qualifiedName, rule: rule.name)) }
        }
        return rules
    }

    func isKept(_ rule: ReportRule) -> Bool { !asked.contains(rule) && inForce.contains(rule) }
}
