import Matching
import Policy

/// Requests of which the API server tells a webhook: one item of `rules`, for one group.
///
/// Source: Kubernetes `admissionregistration.k8s.io/v1`, RuleWithOperations.
public struct WebhookRule: Sendable, Hashable {
    /// Empty for the core group, `*` for any.
    public let group: String
    /// `*` for any; sorted.
    public let versions: [String]
    /// In plural, with subresources as `pods/ephemeralcontainers`; sorted.
    public let resources: [String]
    /// CREATE and UPDATE, or one of them.
    public let operations: [String]

    public init(
        group: String, versions: [String] = ["*"], resources: [String], operations: [String] = ["CREATE", "UPDATE"]
    ) {
        self.group = group
        self.versions = versions
        self.resources = resources
        self.operations = operations
    }
}

extension WebhookRule {
    /// The rules for all that policies look at, as few as possible and in an order that does not change.
    ///
    /// A kind that no known resource has (its CustomResourceDefinition may come later) is written under the plural that
    /// Kubernetes would guess, in the group that is named or else in any.
    static func rules(for watched: some Sequence<WatchedKind>, in known: KnownResources) -> [WebhookRule] {
        var table = Table()
        for kind in watched { table.add(kind, in: known) }
        return table.rules
    }

    /// What is asked for, by group and resource.
    private struct Table {
        struct Resource: Hashable {
            let group: String
            let name: String
        }

        /// The operations by version.
        private var operations: [Resource: [String: Set<Policy.Operation>]] = [:]
        private var served: [Resource: Set<String>] = [:]

        private static let any = "*"

        mutating func add(_ watched: WatchedKind, in known: KnownResources) {
            let places = known.places(of: watched)
            for place in places { add(watched, at: place) }
            guard places.isEmpty else { return }
            // A glob of groups that are not known cannot be said in a rule: any group it is.
            let group = Glob.isPattern(watched.group) ? Self.any : watched.group
            let plural = ResourceKind.plural(watched.kind)
            add(watched, at: KnownResources.Place(group: group, plural: plural, versions: []))
        }

        private mutating func add(_ watched: WatchedKind, at place: KnownResources.Place) {
            var names: [String]
            if let subresource = watched.subresource {
                names = [place.plural + "/" + (Glob.isPattern(subresource) ? Self.any : subresource)]
            } else {
                names = [place.plural]
                // Ephemeral containers are added to a Pod by an UPDATE of this subresource alone.
                if watched.kind == "Pod", place.group.isEmpty, watched.operations.contains(.update) {
                    names.append("pods/ephemeralcontainers")
                }
            }
            for name in names {
                let resource = Resource(group: place.group, name: name)
                served[resource, default: []].formUnion(place.versions)
                for version in Self.versions(watched.version, at: place) {
                    operations[resource, default: [:]][version, default: []].formUnion(watched.operations)
                }
            }
        }

        private static func versions(_ pattern: String, at place: KnownResources.Place) -> [String] {
            guard Glob.isPattern(pattern), pattern != any else { return [pattern] }
            let matching = place.versions.filter(Glob(pattern).matches)
            return matching.isEmpty ? [any] : Array(matching)
        }

        var rules: [WebhookRule] {
            struct Key: Hashable {
                let group: String
                let versions: [String]
                let operations: [String]
            }
            var resources: [Key: [String]] = [:]
            for (resource, byVersion) in withoutContained {
                var versions: [[String]: [String]] = [:]
                for (version, operations) in settled(byVersion, served[resource] ?? []) {
                    versions[operations.map(\.rawValue).sorted(), default: []].append(version)
                }
                for (operations, versions) in versions {
                    let key = Key(group: resource.group, versions: versions.sorted(), operations: operations)
                    resources[key, default: []].append(resource.name)
                }
            }
            return resources.map { key, names in
                WebhookRule(
                    group: key.group, versions: key.versions, resources: names.sorted(), operations: key.operations)
            }.sorted { ($0.group, $0.resources[0], $0.versions[0]) < ($1.group, $1.resources[0], $1.versions[0]) }
        }

        /// Where some ask for any version and some for one that is served, that one: the API server converts the others
        /// to it (`matchPolicy: Equivalent`), and both see every request. Asked for any, it would convert nothing, and
        /// who names one version would miss the requests in another.
        private func settled(
            _ byVersion: [String: Set<Policy.Operation>], _ served: Set<String>
        ) -> [String: Set<Policy.Operation>] {
            guard byVersion[Self.any] != nil, byVersion.count > 1 else { return byVersion }
            let operations = byVersion.values.reduce(into: Set()) { $0.formUnion($1) }
            let named = byVersion.keys.filter(served.contains)
            guard !named.isEmpty else { return [Self.any: operations] }
            return Dictionary(uniqueKeysWithValues: named.map { ($0, operations) })
        }

        /// `pods/*` means the Pods themselves and all their subresources, and the API server refuses to be told both.
        private var withoutContained: [Resource: [String: Set<Policy.Operation>]] {
            var all = operations
            for (resource, byVersion) in operations {
                guard let slash = resource.name.firstIndex(of: "/"), !resource.name.hasSuffix("/*") else {
                    merge(resource, byVersion, into: resource.name + "/*", &all)
                    continue
                }
                merge(resource, byVersion, into: resource.name[..<slash] + "/*", &all)
            }
            return all
        }

        private func merge(
            _ resource: Resource, _ byVersion: [String: Set<Policy.Operation>], into name: some StringProtocol,
            _ all: inout [Resource: [String: Set<Policy.Operation>]]
        ) {
            let container = Resource(group: resource.group, name: String(name))
            guard operations[container] != nil else { return }
            all[resource] = nil
            for (version, operations) in byVersion {
                all[container, default: [:]][version, default: []].formUnion(operations)
            }
        }
    }
}
