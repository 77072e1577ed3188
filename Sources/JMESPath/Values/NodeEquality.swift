extension Node {
    /// Whether two values are the same: numbers by value, strings byte for byte, objects with members in any order.
    ///
    /// Source: JMESPath specification, "Comparison Operators": equality is JSON's, and values of different types are
    /// never equal.
    public func isEqual(to other: Node) -> Bool {
        if case .json(let left) = self, case .json(let right) = other { return left.isEqual(to: right) }
        guard kind == other.kind else { return false }
        switch kind {
        case .null: return true
        case .boolean: return boolean == other.boolean
        case .number:
            guard let left = number, let right = other.number else { return false }
            return left == right
        case .string: return isEqualString(to: other)
        case .array:
            guard count == other.count, let left = elements, let right = other.elements else { return false }
            return zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        case .object:
            guard count == other.count, let members else { return false }
            let other = other.members.map(Node.indexed) ?? other
            return members.allSatisfy { member in other[member.key]?.isEqual(to: member.value) ?? false }
        }
    }

    private func isEqualString(to other: Node) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.string(let left), .json(let right)): right.equals(left)
        case (.json(let left), .string(let right)): left.equals(right)
        default: false
        }
    }

    /// An object in which keys are found quickly.
    private static func indexed(_ members: [ObjectNode.Member]) -> Node {
        var object = ObjectNode()
        for member in members { object.set(member.key, to: member.value) }
        return .object(object)
    }
}
