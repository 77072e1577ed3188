import Matching

/// One filter of a `match` or `exclude` block: everything given in it must hold. What the cluster has to be asked for
/// comes last, and only where it makes a difference.
///
/// Source: spec/verify-images.md, "Which requests a rule looks at".
public struct ResourceFilter: Sendable, Hashable {
    /// One of these must match; empty means any kind.
    public var kinds: [KindSelector]
    /// One of these must match the name, or `generateName` where there is no name yet; empty means any name.
    public var names: [Glob]
    /// One of these must match the namespace; empty means any namespace.
    public var namespaces: [Glob]
    /// Nil means what the block means: CREATE and UPDATE in `match`, any operation in `exclude`.
    public var operations: Set<Operation>?
    /// All of these must be among the object's annotations.
    public var annotations: [TextPair]
    /// What the object's labels must satisfy; nil means any labels, or none.
    public var selector: LabelSelector?
    /// What the labels of the object's namespace must satisfy. A Namespace has its own labels, and an object of the
    /// cluster none.
    public var namespaceSelector: LabelSelector?
    /// One of these must have sent the request; empty means anybody.
    public var subjects: [Subject]
    /// One of these must be bound to whoever sent the request, as `namespace:name`; empty means any or none.
    public var roles: Set<String>
    /// One of these must be bound to whoever sent the request; empty means any or none.
    public var clusterRoles: Set<String>

    public init(
        kinds: [KindSelector] = [], names: [Glob] = [], namespaces: [Glob] = [], operations: Set<Operation>? = nil,
        annotations: [TextPair] = [], selector: LabelSelector? = nil, namespaceSelector: LabelSelector? = nil,
        subjects: [Subject] = [], roles: Set<String> = [], clusterRoles: Set<String> = []
    ) {
        self.kinds = kinds
        self.names = names
        self.namespaces = namespaces
        self.operations = operations
        self.annotations = annotations
        self.selector = selector
        self.namespaceSelector = namespaceSelector
        self.subjects = subjects
        self.roles = roles
        self.clusterRoles = clusterRoles
    }

    /// A filter in which nothing is given matches nothing, in `match` and in `exclude`. An empty selector is something.
    var isEmpty: Bool {
        kinds.isEmpty && names.isEmpty && namespaces.isEmpty && operations == nil && annotations.isEmpty
            && selector == nil && namespaceSelector == nil && subjects.isEmpty && roles.isEmpty && clusterRoles.isEmpty
    }

    /// Whether the filter looks at what an UPDATE may change besides images.
    var looksAtMetadata: Bool { !annotations.isEmpty || selector != nil }

    func matches(
        _ resource: ResourceAttributes, _ facts: RequestFacts, operationsByDefault: Set<Operation>
    ) -> Applicability {
        guard (operations ?? operationsByDefault).contains(resource.operation), matchesObject(resource),
            subjects.isEmpty || subjects.contains(where: { $0.matches(resource.userInfo) }), !isEmpty
        else { return .no }
        return matchesNamespace(resource, facts) & matchesRoles(facts)
    }

    /// What the object alone tells.
    private func matchesObject(_ resource: ResourceAttributes) -> Bool {
        guard kinds.isEmpty || kinds.indices.contains(where: { kinds[$0].matches(resource) }) else { return false }
        guard namespaces.isEmpty || namespaces.contains(where: { $0.matches(resource.matchedNamespace) }) else {
            return false
        }
        guard names.isEmpty || names.contains(where: { $0.matches(resource.matchedName) }) else { return false }
        if !annotations.isEmpty {
            let texts = Texts.map(resource.object?["metadata"]?["annotations"])
            guard annotations.allSatisfy({ $0.matches(texts) }) else { return false }
        }
        return selector?.matches(resource.labels) ?? true
    }

    private func matchesNamespace(_ resource: ResourceAttributes, _ facts: RequestFacts) -> Applicability {
        guard let namespaceSelector else { return .yes }
        if resource.isNamespace { return Applicability(namespaceSelector.matches(resource.labels)) }
        if resource.namespace.isEmpty { return Applicability(namespaceSelector.matches(.known([:]))) }
        return Applicability(facts.namespaceLabels, .namespaceLabels) { namespaceSelector.matches(.known($0)) }
    }

    private func matchesRoles(_ facts: RequestFacts) -> Applicability {
        guard !roles.isEmpty || !clusterRoles.isEmpty else { return .yes }
        return Applicability(facts.roles, .roles) { bound in
            (roles.isEmpty || !roles.isDisjoint(with: bound.roles))
                && (clusterRoles.isEmpty || !clusterRoles.isDisjoint(with: bound.clusterRoles))
        }
    }
}
