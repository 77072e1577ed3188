import JMESPath
import JSON

extension ConditionOperator.Membership {
    /// Whether any or all elements of `key` are, or are not, in `value`.
    ///
    /// A key that is no list counts as a list of one. All of an empty list are in anything, and not in anything; no
    /// element of it is.
    func holds(_ key: Operand, _ value: Operand, text: String) throws(RuleFailure) -> Bool {
        let elements = try Self.items(of: key, isValue: false, text: text)
        let accepted = try Self.items(of: value, isValue: true, text: text)
        let counts = { (element: TextPattern) in
            accepted.contains { $0.accepts(element) } != isNegated
        }
        switch quantifier {
        case .any: return elements.contains { counts($0.pattern) }
        case .all: return elements.allSatisfy { counts($0.pattern) }
        }
    }

    /// One element of a key or a value.
    private struct Item {
        let pattern: TextPattern
        /// The range that the element of a value stands for.
        let range: ValueRange?

        func accepts(_ element: TextPattern) -> Bool {
            if pattern.matches(element.text) || element.matches(pattern.text) { return true }
            return range?.contains(element.text) ?? false
        }
    }

    private static func items(of operand: Operand, isValue: Bool, text: String) throws(RuleFailure) -> [Item] {
        guard let elements = operand.elements ?? (isValue ? jsonList(operand) : nil) else {
            return [try item(operand, isValue: isValue, text: text)]
        }
        var items: [Item] = []
        for element in elements { items.append(try item(element, isValue: isValue, text: text)) }
        return items
    }

    private static func item(_ operand: Operand, isValue: Bool, text: String) throws(RuleFailure) -> Item {
        if let pattern = operand.pattern {
            // Only who wrote the policy may say what a range is.
            var range: ValueRange?
            if isValue, case .text(let written) = operand { range = ValueRange(parsing: written.text) }
            return Item(pattern: pattern, range: range)
        }
        switch operand.node.kind {
        case .number, .boolean: return Item(pattern: TextPattern(operand.node.json, isPattern: false), range: nil)
        default:
            throw RuleFailure(
                "condition \(text): \(operand.node.summary) is neither text nor a number nor true or false, and so is "
                    + "in no list")
        }
    }

    /// A list that stands in a text, as ConfigMaps hold it: `["a", "b"]`.
    private static func jsonList(_ operand: Operand) -> [Operand]? {
        guard let text = operand.pattern?.text, text.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "["),
            let list = try? Document(Array(text.utf8)).root, list.kind == .array
        else { return nil }
        let node = Node.json(list)
        if case .text = operand { return Operand(policyText: node).elements }
        return Operand.data(node).elements
    }
}
