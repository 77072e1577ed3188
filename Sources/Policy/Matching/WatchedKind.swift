import Matching

/// A kind that some rule looks at, as a webhook has to be registered for it.
public struct WatchedKind: Sendable, Hashable {
    /// Empty for the core group, a glob where the rule does not say or has one.
    public let group: String
    /// A glob where the rule does not say or has one.
    public let version: String
    /// As the object has it: never a glob.
    public let kind: String
    /// Nil for the object itself, with what else ``ImageRule`` looks at in its stead: the ephemeral containers of Pods.
    /// May be a glob.
    public let subresource: String?
    /// Some of CREATE and UPDATE: nothing else is verified.
    public let operations: Set<Operation>

    public init(
        group: String = "*", version: String = "*", kind: String, subresource: String? = nil,
        operations: Set<Operation> = [.create, .update]
    ) {
        self.group = group
        self.version = version
        self.kind = kind
        self.subresource = subresource
        self.operations = operations
    }
}

extension ImageRule {
    /// What the rule can look at, and nothing that it cannot: no more than its `match` says, and where that is a glob
    /// or says nothing, the kinds that can hold images.
    public var watchedKinds: Set<WatchedKind> {
        let holders = ResourceImages.kinds.union(extractors.keys)
        switch match.combination {
        case .any:
            return match.filters.filter { !$0.isEmpty }.reduce(into: []) { watched, filter in
                watched.formUnion(Self.watched(filter.kinds, Self.operations(of: filter), holders))
            }
        case .all:
            // Every filter must match: the kinds of the first that names some, and the operations of all.
            guard !match.matchesNothing else { return [] }
            let operations = match.filters.reduce(MatchBlock.verifiedOperations) {
                $0.intersection(Self.operations(of: $1))
            }
            let kinds = match.filters.lazy.map(\.kinds).first { !$0.isEmpty } ?? []
            return Self.watched(kinds, operations, holders)
        }
    }

    private static func operations(of filter: ResourceFilter) -> Set<Operation> {
        (filter.operations ?? MatchBlock.verifiedOperations).intersection(MatchBlock.verifiedOperations)
    }

    private static func watched(
        _ selectors: [KindSelector], _ operations: Set<Operation>, _ holders: Set<String>
    ) -> Set<WatchedKind> {
        guard !operations.isEmpty else { return [] }
        guard !selectors.isEmpty else { return Set(holders.map { WatchedKind(kind: $0, operations: operations) }) }
        var watched: Set<WatchedKind> = []
        for selector in selectors {
            let kinds = selector.literalKind.map { [$0] } ?? holders.filter(selector.kind.matches)
            for kind in kinds {
                watched.insert(
                    WatchedKind(
                        group: selector.group.pattern, version: selector.version.pattern, kind: kind,
                        subresource: selector.subresource?.pattern, operations: operations))
            }
        }
        return watched
    }
}
