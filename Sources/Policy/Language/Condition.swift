/// `{key, operator, value, message}`: a comparison that holds or not.
///
/// Source: spec/verify-images.md, "Conditions and variables".
struct Condition: Sendable {
    let key: ValueTemplate
    let comparison: ConditionOperator
    let value: ValueTemplate
    /// What to say instead of the comparison where it matters.
    let message: TextTemplate?
    /// The comparison as written: `{{ builder.id }} Equals https://…`.
    let text: String

    /// - Throws: ``RuleFailure`` when a variable is undefined, or when there is no way to compare the two.
    func holds(in scope: Scope) throws(RuleFailure) -> Bool {
        try comparison.compare(try key.operand(in: scope), try value.operand(in: scope), text: text)
    }

    /// What to tell about the condition.
    func explanation(in scope: Scope) throws(RuleFailure) -> String { try message?.text(in: scope) ?? text }

    var variables: [Variable] { key.variables + value.variables + (message?.variables ?? []) }
}

/// Conditions of which one (`any`) and all (`all`) must hold, as far as there are such.
struct ConditionGroup: Sendable {
    /// Nil where the policy has no `any`; never empty.
    var any: [Condition]?
    var all: [Condition] = []

    /// Nil when the group holds, or else the condition that says why not.
    func failing(in scope: Scope) throws(RuleFailure) -> Condition? {
        for condition in all where try !condition.holds(in: scope) { return condition }
        guard let any else { return nil }
        for condition in any where try condition.holds(in: scope) { return nil }
        return any.first
    }

    /// The condition that made the group hold, last of all; nil when it does not hold.
    func holding(in scope: Scope) throws(RuleFailure) -> Condition? {
        for condition in all where try !condition.holds(in: scope) { return nil }
        guard let any else { return all.last }
        for condition in any where try condition.holds(in: scope) { return condition }
        return nil
    }

    var variables: [Variable] { (any ?? []).flatMap(\.variables) + all.flatMap(\.variables) }
}

/// Groups of conditions, all of which must hold; none is met by everything.
public struct Conditions: Sendable {
    let groups: [ConditionGroup]

    init(_ groups: [ConditionGroup]) { self.groups = groups }

    var isEmpty: Bool { groups.isEmpty }

    /// Nil when all hold, or else what to say about the first that does not.
    ///
    /// - Throws: ``RuleFailure`` when it cannot be told.
    func failure(in scope: Scope) throws(RuleFailure) -> String? {
        for group in groups {
            if let condition = try group.failing(in: scope) { return try condition.explanation(in: scope) }
        }
        return nil
    }

    /// What to say about conditions that hold, as in `deny`; nil when not all of them do.
    func reason(in scope: Scope) throws(RuleFailure) -> String? {
        var last: Condition?
        for group in groups {
            guard let condition = try group.holding(in: scope) else { return nil }
            last = condition
        }
        return try last?.explanation(in: scope)
    }

    var variables: [Variable] { groups.flatMap(\.variables) }
}
