import JMESPath

/// How a condition compares its key with its value.
///
/// Source: spec/verify-images.md, "Conditions and variables".
enum ConditionOperator: Sendable, Hashable {
    case equals
    case notEquals
    case membership(Membership)
    case order(Order)
    /// The old operators that compare durations alone.
    case durationOrder(Order)

    struct Membership: Sendable, Hashable {
        /// Whether all elements of the key count, or one is enough.
        let quantifier: Quantifier
        /// Whether the elements have to be missing in the value.
        let isNegated: Bool

        enum Quantifier: Sendable, Hashable { case any, all }
    }

    enum Order: Sendable, Hashable {
        case greater, greaterOrEqual, less, lessOrEqual

        /// - Parameter sign: of the key less the value.
        func holds(_ sign: Int) -> Bool {
            switch self {
            case .greater: sign > 0
            case .greaterOrEqual: sign >= 0
            case .less: sign < 0
            case .lessOrEqual: sign <= 0
            }
        }
    }

    /// By name, in any case; nil for what is none.
    init?(parsing name: String) {
        guard let found = Self.byName[name.lowercased()] else { return nil }
        self = found
    }

    /// The names that policies should use, for messages.
    static let names = [
        "Equals", "NotEquals", "AnyIn", "AllIn", "AnyNotIn", "AllNotIn", "GreaterThan", "GreaterThanOrEquals",
        "LessThan", "LessThanOrEquals",
    ]

    private static let byName: [String: ConditionOperator] = [
        "equal": .equals, "equals": .equals, "notequal": .notEquals, "notequals": .notEquals,
        "anyin": .membership(Membership(quantifier: .any, isNegated: false)),
        "allin": .membership(Membership(quantifier: .all, isNegated: false)),
        "anynotin": .membership(Membership(quantifier: .any, isNegated: true)),
        "allnotin": .membership(Membership(quantifier: .all, isNegated: true)),
        // The old names: all of the key, and its contrary.
        "in": .membership(Membership(quantifier: .all, isNegated: false)),
        "notin": .membership(Membership(quantifier: .any, isNegated: true)),
        "greaterthan": .order(.greater), "greaterthanorequals": .order(.greaterOrEqual),
        "lessthan": .order(.less), "lessthanorequals": .order(.lessOrEqual),
        "durationgreaterthan": .durationOrder(.greater),
        "durationgreaterthanorequals": .durationOrder(.greaterOrEqual),
        "durationlessthan": .durationOrder(.less), "durationlessthanorequals": .durationOrder(.lessOrEqual),
    ]

    /// Whether the comparison holds.
    ///
    /// - Parameter text: the condition as written, for messages.
    /// - Throws: ``RuleFailure`` when the two are of types that the operator cannot compare: whether the condition
    ///   holds is then unknown, not false.
    func compare(_ key: Operand, _ value: Operand, text: String) throws(RuleFailure) -> Bool {
        switch self {
        case .equals: return ValueComparison.areEqual(key, value)
        case .notEquals: return !ValueComparison.areEqual(key, value)
        case .membership(let membership): return try membership.holds(key, value, text: text)
        case .order(let order):
            if let sign = ValueComparison.order(key.node, value.node) { return order.holds(sign) }
            throw RuleFailure(
                "condition \(text): \(key.node.summary) and \(value.node.summary) cannot be compared by size")
        case .durationOrder(let order):
            if let sign = ValueComparison.durationOrder(key.node, value.node) { return order.holds(sign) }
            throw RuleFailure(
                "condition \(text): \(key.node.summary) and \(value.node.summary) are not both durations")
        }
    }
}

extension Node {
    /// Longest part of a value that a message shows, in characters.
    private static let maximumSummary = 64

    /// The value for a message, cut short.
    var summary: String {
        let text = json
        return text.count <= Self.maximumSummary ? text : text.prefix(Self.maximumSummary) + "…"
    }
}
