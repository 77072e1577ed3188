import Matching

/// One filter of a `match` or `exclude` block: everything given in it must hold.
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

    public init(
        kinds: [KindSelector] = [], names: [Glob] = [], namespaces: [Glob] = [], operations: Set<Operation>? = nil
    ) {
        self.kinds = kinds
        self.names = names
        self.namespaces = namespaces
        self.operations = operations
    }

    /// A filter in which nothing is given matches nothing, in `match` and in `exclude`.
    var isEmpty: Bool { kinds.isEmpty && names.isEmpty && namespaces.isEmpty && operations == nil }

    func matches(
        _ resource: ResourceAttributes, _ facts: RequestFacts, operationsByDefault: Set<Operation>
    ) -> Applicability {
        guard !isEmpty, (operations ?? operationsByDefault).contains(resource.operation), matchesObject(resource)
        else { return .no }
        return .yes
    }

    /// What the request alone tells.
    private func matchesObject(_ resource: ResourceAttributes) -> Bool {
        guard kinds.isEmpty || kinds.contains(where: { $0.matches(resource) }) else { return false }
        guard namespaces.isEmpty || namespaces.contains(where: { $0.matches(resource.matchedNamespace) }) else {
            return false
        }
        return names.isEmpty || names.contains { $0.matches(resource.matchedName) }
    }
}
