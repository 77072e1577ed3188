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
            findings.problem(path, "says both of any, all and resources; say it in one of them")
        }
        if isDirect { return MatchBlock(.any, [direct]) }
        let combination: MatchBlock.Combination = all.isEmpty ? .any : .all
        let filters = (any + all).compactMap { value, path in
            ObjectReader(value, .filter, at: path, findings).map(filter)
        }
        return MatchBlock(combination, filters)
    }

    private func filter(_ reader: ObjectReader) -> ResourceFilter {
        guard let resources = reader.object("resources", .resources) else { return ResourceFilter() }
        let path = resources.path
        var filter = ResourceFilter()
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
        return filter
    }
}
