/// What reads parts of a value.
extension Evaluation {
    /// How many members are looked through in a step.
    private static let membersPerStep = 16

    mutating func field(_ name: String, of input: Node) throws(EvaluationError) -> Node? {
        guard input.kind == .object else { return .null }
        try spend(steps: input.count / Self.membersPerStep)
        return input[name]
    }

    mutating func element(_ index: Int, of input: Node) throws(EvaluationError) -> Node {
        let count = input.count
        guard input.kind == .array, index < count, index >= -count else { return .null }
        try spend(steps: count / Self.membersPerStep)
        return input[index < 0 ? index + count : index] ?? .null
    }

    mutating func select(_ slice: Slice, of input: Node) throws(EvaluationError) -> Node {
        guard let elements = try elements(of: input) else { return .null }
        let indices = slice.indices(count: elements.count)
        try allocate(nodes: indices.underestimatedCount)
        return .array(indices.map { elements[$0] })
    }

    mutating func list(_ parts: [Expression], _ input: Node) throws(EvaluationError) -> Node {
        guard !input.isNull else { return .null }
        try allocate(nodes: parts.count)
        var elements: [Node] = []
        elements.reserveCapacity(parts.count)
        for part in parts { elements.append(try value(of: part, input)) }
        return .array(elements)
    }

    mutating func hash(_ members: [HashMember], _ input: Node) throws(EvaluationError) -> Node {
        guard !input.isNull else { return .null }
        try allocate(nodes: members.count)
        var object = ObjectNode()
        for member in members { object.set(member.key, to: try value(of: member.value, input)) }
        return .object(object)
    }

    // MARK: Projections

    /// One level of arrays inside an array taken out of it.
    mutating func flatten(_ node: Node) throws(EvaluationError) -> Node {
        guard let elements = try elements(of: node) else { return .null }
        var flat: [Node] = []
        for element in elements {
            if let inner = try self.elements(of: element) {
                try allocate(nodes: inner.count)
                flat.append(contentsOf: inner)
            } else {
                flat.append(element)
            }
        }
        return .array(flat)
    }

    /// What `each` yields for the elements that meet `condition`, without nulls.
    mutating func project(
        _ elements: [Node],
        _ each: Expression,
        where condition: Expression? = nil
    ) throws(EvaluationError) -> Node {
        var results: [Node] = []
        for element in elements {
            if let condition, try !value(of: condition, element).isTruthy { continue }
            let result = try value(of: each, element)
            if result.isNull { continue }
            try allocate(nodes: 1)
            results.append(result)
        }
        return .array(results)
    }

    // MARK: Comparison

    /// Values of any type can be equal; only numbers have an order, and null comes of comparing anything else.
    ///
    /// Source: JMESPath specification, "Comparison Operators".
    mutating func compare(_ comparison: Comparison, _ left: Node, _ right: Node) throws(EvaluationError) -> Node {
        switch comparison {
        case .equal: return .boolean(try areEqual(left, right))
        case .notEqual: return .boolean(try !areEqual(left, right))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let left = left.number, let right = right.number else { return .null }
            switch comparison {
            case .less: return .boolean(left < right)
            case .lessOrEqual: return .boolean(left <= right)
            case .greater: return .boolean(left > right)
            default: return .boolean(left >= right)
            }
        }
    }

    /// ``Node/isEqual(to:)``, paid for.
    mutating func areEqual(_ left: Node, _ right: Node) throws(EvaluationError) -> Bool {
        try spend(steps: 1)
        guard left.kind == right.kind, left.count == right.count else { return false }
        switch left.kind {
        case .null, .boolean, .number: return left.isEqual(to: right)
        case .string:
            if case .string(let text) = left { try spend(bytes: text.utf8.count) }
            return left.isEqual(to: right)
        case .array:
            guard let left = try elements(of: left), let right = try elements(of: right) else { return false }
            for (left, right) in zip(left, right) where try !areEqual(left, right) { return false }
            return true
        case .object:
            guard let left = try members(of: left), let right = try members(of: right) else { return false }
            var object = ObjectNode()
            for member in right { object.set(member.key, to: member.value) }
            for member in left {
                guard let other = object[member.key], try areEqual(member.value, other) else { return false }
            }
            return true
        }
    }
}
