import Matching

/// Whether a rule looks at a request, and on which clause it hangs: for the person who asks.
public enum MatchExplanation: Sendable, Hashable {
    case looks
    /// The rule does not look, and this is the first clause that says so, as
    /// `match.any[0].resources.kinds: Deployment is none of Pod`.
    case passes(String)
    /// It cannot be told.
    case unknown(String)
}

extension ImageRule {
    /// Why the rule does or does not look at a request: a pure function, which agrees with what is decided.
    public func explanation(for resource: ResourceAttributes, facts: RequestFacts) -> MatchExplanation {
        if resource.isPastVerification {
            return .passes(
                resource.operation == .delete
                    ? "what is deleted is not verified" : "the object is being deleted already")
        }
        switch applicability(to: resource, facts: facts) {
        case .yes: return .looks
        case .undecided(let doubt): return .unknown(doubt.failure?.description ?? "the cluster was not asked")
        case .no: break
        }
        if let policyNamespace, policyNamespace != resource.namespace || resource.isNamespace {
            return .passes("the policy speaks for namespace \(policyNamespace) only")
        }
        if let clause = match.missedClause(resource, facts) { return .passes(clause) }
        if let clause = exclude.excludingClause(resource, facts) { return .passes(clause) }
        return .passes("match and exclude")
    }

    /// How much of `match` a request passes: the more, the nearer the rule came to looking at it.
    public func isAboutKind(of resource: ResourceAttributes) -> Bool {
        match.filters.contains { $0.kinds.isEmpty || $0.kinds.contains { $0.matches(resource) } }
    }
}

extension MatchBlock {
    /// The clauses that keep the block from matching: one for each filter of `any`, the first one of `all`.
    fileprivate func missedClause(_ resource: ResourceAttributes, _ facts: RequestFacts) -> String? {
        guard !filters.isEmpty else { return "match: is empty, and matches nothing" }
        let missed = filters.enumerated().compactMap { index, filter in
            filter.missedClause(resource, facts, operationsByDefault: Self.verifiedOperations)
                .map { "match.\(path(index))\($0)" }
        }
        switch combination {
        case .any: return missed.count == filters.count ? Self.together(missed) : nil
        case .all: return missed.first
        }
    }

    /// What tells that the block leaves a request out.
    fileprivate func excludingClause(_ resource: ResourceAttributes, _ facts: RequestFacts) -> String? {
        guard combination == .any else { return "exclude.all leaves it out" }
        let index = filters.firstIndex { filter in
            filter.matches(resource, facts, operationsByDefault: Self.everyOperation) == .yes
        }
        return index.map { "exclude.any[\($0)] leaves it out" }
    }

    private func path(_ index: Int) -> String {
        combination == .any && filters.count == 1 ? "" : "\(combination == .any ? "any" : "all")[\(index)]."
    }

    /// More than a few filters say no more than the first ones do.
    private static func together(_ clauses: [String]) -> String {
        let shown = 3
        return clauses.prefix(shown).joined(separator: "; ") + (clauses.count > shown ? "; …" : "")
    }
}

extension ResourceFilter {
    /// The first clause that a request does not pass, as `kinds: Deployment is none of Pod`; nil when it passes all, or
    /// when that cannot be told.
    fileprivate func missedClause(
        _ resource: ResourceAttributes, _ facts: RequestFacts, operationsByDefault: Set<Operation>
    ) -> String? {
        func missed(_ clause: String, _ found: String, _ wanted: [String]) -> String {
            let wanted = wanted.isEmpty ? "" : " is none of \(wanted.joined(separator: ", "))"
            return "\(clause): \(found.isEmpty ? "\"\"" : found)\(wanted)"
        }
        guard !isEmpty else { return "is empty, and matches nothing" }
        if !kinds.isEmpty, !kinds.contains(where: { $0.matches(resource) }) {
            let kind = resource.subresource.isEmpty ? resource.kind : "\(resource.kind)/\(resource.subresource)"
            return missed("kinds", kind, kinds.map(\.text))
        }
        let operations = operations ?? operationsByDefault
        if !operations.contains(resource.operation) {
            return missed("operations", resource.operation.rawValue, operations.map(\.rawValue).sorted())
        }
        if !namespaces.isEmpty, !namespaces.contains(where: { $0.matches(resource.matchedNamespace) }) {
            return missed("namespaces", resource.matchedNamespace, namespaces.map(\.pattern))
        }
        if !names.isEmpty, !names.contains(where: { $0.matches(resource.matchedName) }) {
            return missed("names", resource.matchedName, names.map(\.pattern))
        }
        if !annotations.isEmpty {
            let texts = Texts.map(resource.object?["metadata"]?["annotations"])
            if let pair = annotations.first(where: { !$0.matches(texts) }) {
                return "annotations: the object has no \(pair.key.pattern)=\(pair.value.pattern)"
            }
        }
        if let selector, !selector.matches(resource.labels) { return "selector: the object's labels do not fit it" }
        if !subjects.isEmpty, !subjects.contains(where: { $0.matches(resource.userInfo) }) {
            return missed("subjects", "user \"\(resource.userInfo.username)\"", []) + " is none of them"
        }
        return missedFact(resource, facts)
    }

    /// The same for what the cluster knows.
    private func missedFact(_ resource: ResourceAttributes, _ facts: RequestFacts) -> String? {
        if let namespaceSelector {
            let labels: Texts? =
                if resource.isNamespace {
                    resource.labels
                } else if resource.namespace.isEmpty {
                    .known([:])
                } else {
                    (try? facts.namespaceLabels?.get()).map { .known($0) }
                }
            if let labels, !namespaceSelector.matches(labels) {
                return "namespaceSelector: the labels of namespace \(resource.matchedNamespace) do not fit it"
            }
        }
        guard let bound = try? facts.roles?.get() else { return nil }
        if !roles.isEmpty, roles.isDisjoint(with: bound.roles) { return "roles: none of them is bound to the user" }
        if !clusterRoles.isEmpty, clusterRoles.isDisjoint(with: bound.clusterRoles) {
            return "clusterRoles: none of them is bound to the user"
        }
        return nil
    }
}
