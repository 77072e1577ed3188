/// A `match` or `exclude` block: filters, of which any or all must match.
///
/// The old direct form (`match: {resources: …}`) is one filter.
///
/// Source: spec/verify-images.md, "Which requests a rule looks at".
public struct MatchBlock: Sendable, Hashable {
    public enum Combination: Sendable, Hashable {
        case any
        case all
    }

    public var combination: Combination
    public var filters: [ResourceFilter]

    public init(_ combination: Combination = .any, _ filters: [ResourceFilter] = []) {
        self.combination = combination
        self.filters = filters
    }

    /// What image rules look at where a filter of `match` does not say.
    static let verifiedOperations: Set<Operation> = [.create, .update]
    /// What a filter of `exclude` leaves out where it does not say.
    static let everyOperation = Set(Operation.allCases)

    /// Whether a rule with this `match` looks at the request. A block without filters matches nothing.
    func matches(_ resource: ResourceAttributes, _ facts: RequestFacts) -> Applicability {
        matches(resource, facts, operationsByDefault: Self.verifiedOperations)
    }

    /// Whether a rule with this `exclude` leaves the request out.
    func excludes(_ resource: ResourceAttributes, _ facts: RequestFacts) -> Applicability {
        matches(resource, facts, operationsByDefault: Self.everyOperation)
    }

    private func matches(
        _ resource: ResourceAttributes, _ facts: RequestFacts, operationsByDefault: Set<Operation>
    ) -> Applicability {
        guard !filters.isEmpty else { return .no }
        switch combination {
        case .any:
            return filters.anyApplies { $0.matches(resource, facts, operationsByDefault: operationsByDefault) }
        case .all:
            return filters.allApply { $0.matches(resource, facts, operationsByDefault: operationsByDefault) }
        }
    }

    var looksAtMetadata: Bool { filters.contains(where: \.looksAtMetadata) }

    /// Whether no request can match: a filter in which nothing is given matches nothing.
    var matchesNothing: Bool {
        switch combination {
        case .any: filters.allSatisfy(\.isEmpty)
        case .all: filters.isEmpty || filters.contains(where: \.isEmpty)
        }
    }

    /// The kinds that the block can match at all, or nil when it may be any: what rules are indexed by.
    var literalKinds: Set<String>? {
        switch combination {
        case .any:
            var kinds: Set<String> = []
            for filter in filters where !filter.isEmpty {
                guard let more = Self.literalKinds(of: filter) else { return nil }
                kinds.formUnion(more)
            }
            return kinds
        case .all:
            // Every filter must match, so the kinds of one that names kinds are enough.
            return filters.lazy.compactMap(Self.literalKinds).first
        }
    }

    private static func literalKinds(of filter: ResourceFilter) -> Set<String>? {
        guard !filter.kinds.isEmpty else { return nil }
        var kinds: Set<String> = []
        for selector in filter.kinds {
            guard let kind = selector.literalKind else { return nil }
            kinds.insert(kind)
        }
        return kinds
    }
}
