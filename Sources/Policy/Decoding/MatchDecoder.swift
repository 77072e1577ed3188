import JSON
import Matching

/// Reads `match` and `exclude`.
struct MatchDecoder {
    let findings: Findings
    /// Whether the policy is of one namespace, and so may not choose namespaces.
    let isNamespaced: Bool

    func match(_ value: Value?, at path: FieldPath) -> MatchBlock {
        let before = findings.problems.count
        let match = block(value, at: path)
        if match.matchesNothing && findings.problems.count == before {
            findings.problem(
                path, "matches nothing, so that the rule would never apply; say what in any[].resources.kinds")
        }
        return match
    }

    func exclude(_ value: Value?, at path: FieldPath) -> MatchBlock { block(value, at: path) }

    private func block(_ value: Value?, at path: FieldPath) -> MatchBlock {
        guard let value, !value.isNull, let reader = ObjectReader(value, .match, at: path, findings) else {
            return MatchBlock()
        }
        let any = reader.array("any")
        let all = reader.array("all")
        let direct = filter(reader)
        let isDirect = !direct.isEmpty
        if [!any.isEmpty, !all.isEmpty, isDirect].filter({ $0 }).count > 1 {
            findings.problem(path, "says both of any, all and a filter of its own; say it in any or all")
        }
        if isDirect { return MatchBlock(.any, [direct]) }
        let combination: MatchBlock.Combination = all.isEmpty ? .any : .all
        let filters = (any + all).compactMap { value, path in
            ObjectReader(value, .filter, at: path, findings).map(filter)
        }
        return MatchBlock(combination, filters)
    }

    private func filter(_ reader: ObjectReader) -> ResourceFilter {
        var filter = ResourceFilter()
        if let resources = reader.object("resources", .resources) { read(resources, into: &filter) }
        filter.subjects = reader.array("subjects").compactMap(subject)
        filter.roles = Set(roles(reader))
        filter.clusterRoles = Set(exactNames(reader, "clusterRoles"))
        return filter
    }

    private func read(_ resources: ObjectReader, into filter: inout ResourceFilter) {
        let path = resources.path
        for (index, text) in resources.strings("kinds").enumerated() {
            do throws(KindSelectorError) {
                filter.kinds.append(try KindSelector(parsing: text))
            } catch {
                findings.problem(path.child("kinds").index(index), error.description)
            }
        }
        filter.names = resources.strings("names").map(Glob.init)
        if let name = resources.string("name") {
            if !filter.names.isEmpty {
                findings.problem(path.child("name"), "stands beside names; say it in names alone")
            }
            filter.names.append(Glob(name))
        }
        filter.namespaces = resources.strings("namespaces").map(Glob.init)
        if isNamespaced && !filter.namespaces.isEmpty {
            findings.problem(
                path.child("namespaces"),
                "a Policy looks at its own namespace only; take namespaces out, or write a ClusterPolicy")
        }
        let operations = resources.words("operations", Operation.self)
        if !operations.isEmpty { filter.operations = Set(operations) }
        filter.annotations = pairs(resources, "annotations")
        filter.selector = selector(resources, "selector")
        filter.namespaceSelector = selector(resources, "namespaceSelector")
    }

    private func subject(_ value: Value, at path: FieldPath) -> Subject? {
        guard let reader = ObjectReader(value, .subject, at: path, findings) else { return nil }
        let name = reader.string("name")
        if name == nil { findings.problem(path.child("name"), "is missing") }
        guard let kind = reader.word("kind", SubjectKind.self) else {
            if reader["kind"] == nil {
                findings.problem(path.child("kind"), "is missing; User, Group or ServiceAccount")
            }
            return nil
        }
        let namespace = reader.string("namespace")
        if kind == .serviceAccount && namespace == nil {
            findings.problem(path.child("namespace"), "is missing; a ServiceAccount lives in a namespace")
        }
        guard let name else { return nil }
        return switch kind {
        case .user: .user(Glob(name))
        case .group: .group(Glob(name))
        case .serviceAccount: namespace.map { .serviceAccount(name, namespace: $0) }
        }
    }

    private enum SubjectKind: String, CaseIterable {
        case user = "User"
        case group = "Group"
        case serviceAccount = "ServiceAccount"
    }

    private func roles(_ reader: ObjectReader) -> [String] {
        let roles = exactNames(reader, "roles")
        for (index, role) in roles.enumerated() where role.split(separator: ":", maxSplits: 1).count < 2 {
            findings.problem(
                reader.path.child("roles").index(index),
                "\"\(role)\" would match nothing; write namespace:name, or use clusterRoles")
        }
        return roles
    }

    /// Names that are compared as they are: a wildcard among them would match nothing.
    private func exactNames(_ reader: ObjectReader, _ name: String) -> [String] {
        let names = reader.strings(name)
        for (index, text) in names.enumerated() where Glob.isPattern(text) {
            findings.problem(
                reader.path.child(name).index(index),
                "\"\(text)\" would match nothing, since roles are compared as they are; list them one by one")
        }
        return names
    }
}

// MARK: - Labels

extension MatchDecoder {
    private func pairs(_ reader: ObjectReader, _ name: String) -> [TextPair] {
        reader.map(name).sorted { $0.key < $1.key }.map(TextPair.init)
    }

    /// A selector over labels; nil when there is none, which is not the same as an empty one.
    func selector(_ reader: ObjectReader, _ name: String) -> LabelSelector? {
        guard let selector = reader.object(name, .labelSelector) else { return nil }
        return LabelSelector(
            labels: pairs(selector, "matchLabels"),
            expressions: selector.array("matchExpressions").compactMap(expression))
    }

    private enum SelectorOperator: String, CaseIterable {
        case isIn = "In"
        case isNotIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    private func expression(_ value: Value, at path: FieldPath) -> LabelSelector.Expression? {
        guard let reader = ObjectReader(value, .labelExpression, at: path, findings) else { return nil }
        let key = exact(reader.string("key"), at: path.child("key"))
        let values = reader.strings("values", allowsEmpty: true)
        for (index, text) in values.enumerated() { _ = exact(text, at: path.child("values").index(index)) }
        guard let comparison = reader.word("operator", SelectorOperator.self) else {
            if reader["operator"] == nil {
                findings.problem(path.child("operator"), "is missing; In, NotIn, Exists or DoesNotExist")
            }
            return nil
        }
        let wantsValues = comparison == .isIn || comparison == .isNotIn
        if wantsValues == values.isEmpty {
            let reason = wantsValues ? "needs at least one value" : "takes no values"
            findings.problem(path.child("values"), "\(comparison.rawValue) \(reason)")
        }
        guard let key else { return nil }
        return switch comparison {
        case .isIn: .isIn(key: key, values: Set(values))
        case .isNotIn: .isNotIn(key: key, values: Set(values))
        case .exists: .exists(key: key)
        case .doesNotExist: .doesNotExist(key: key)
        }
    }

    private func exact(_ text: String?, at path: FieldPath) -> String? {
        guard let text else {
            findings.problem(path, "is missing")
            return nil
        }
        if Glob.isPattern(text) {
            findings.problem(path, "\"\(text)\" holds a wildcard, which expressions take literally; use matchLabels")
        }
        return text
    }
}
