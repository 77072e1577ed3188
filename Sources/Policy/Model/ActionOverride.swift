import Matching

/// One item of `validationFailureActionOverrides`: another action for some namespaces. The first that applies counts.
///
/// Source: spec/verify-images.md, "What happens to an image".
public struct ActionOverride: Sendable, Hashable {
    public let action: FailureAction
    /// One of these must match the namespace; empty means any.
    public let namespaces: [Glob]
    /// What the namespace's labels must satisfy as well.
    public let namespaceSelector: LabelSelector?

    public init(action: FailureAction, namespaces: [Glob] = [], namespaceSelector: LabelSelector? = nil) {
        self.action = action
        self.namespaces = namespaces
        self.namespaceSelector = namespaceSelector
    }

    func applicability(to resource: ResourceAttributes, facts: RequestFacts) -> Applicability {
        // It says nothing else than a filter of `match` with these two clauses does.
        ResourceFilter(namespaces: namespaces, namespaceSelector: namespaceSelector)
            .matches(resource, facts, operationsByDefault: MatchBlock.everyOperation)
    }
}

extension ImagePolicy {
    /// Whether a failing image of `rule` denies the request. Where the facts do not tell, it does if it may.
    func enforcement(
        of rule: ImageRule, for resource: ResourceAttributes, facts: RequestFacts
    ) -> (enforces: Bool, doubt: Applicability.Doubt?) {
        guard !overrides.isEmpty, !rule.hasOwnAction else { return (rule.enforces, nil) }
        // The actions that it may come to, the policy's own last.
        var possible: Set<FailureAction> = []
        var doubt: Applicability.Doubt?
        var isSettled = false
        for override in overrides where !isSettled {
            let applicability = override.applicability(to: resource, facts: facts)
            guard applicability != .no else { continue }
            possible.insert(override.action)
            if case .undecided(let another) = applicability {
                doubt = doubt?.merging(another) ?? another
            } else {
                isSettled = true
            }
        }
        if !isSettled { possible.insert(rule.enforces ? .enforce : .audit) }
        return (possible.contains(.enforce), possible.count > 1 ? doubt : nil)
    }
}
