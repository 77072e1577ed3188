/// What elements are ordered by: all numbers, or all strings.
enum SortKey {
    case number(Number)
    case string(String)

    func precedes(_ other: SortKey) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)): left < right
        case (.string(let left), .string(let right)): left.precedesByBytes(right)
        // ``keys(_:_:)`` lets no mixture through.
        default: false
        }
    }

    static func keys(_ elements: [Node], _ call: Call) throws(EvaluationError) -> [SortKey] {
        guard let kind = elements.first?.kind else { return [] }
        var keys: [SortKey] = []
        keys.reserveCapacity(elements.count)
        for element in elements {
            guard element.kind == kind else { throw call.invalidType("cannot order \(kind) and \(element.kind)") }
            switch kind {
            case .number: keys.append(.number(try call.number(element)))
            case .string: keys.append(.string(element.string ?? ""))
            default: throw call.invalidType("can order numbers or strings, not \(kind)")
            }
        }
        return keys
    }

    /// What `expression` yields for each of the elements.
    static func keys(
        _ elements: [Node],
        by expression: Expression,
        _ call: Call,
        _ evaluation: inout Evaluation
    ) throws(EvaluationError) -> [SortKey] {
        try evaluation.allocate(nodes: elements.count)
        var values: [Node] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try evaluation.value(of: expression, element)) }
        return try keys(values, call)
    }

    /// The elements in the order of their keys; those with equal keys as they were.
    static func sort(
        _ elements: [Node],
        _ keys: [SortKey],
        _ evaluation: inout Evaluation
    ) throws(EvaluationError) -> Node {
        // Each comparison is a step: n times the number of binary digits of n.
        try evaluation.spend(steps: elements.count * (Int.bitWidth - elements.count.leadingZeroBitCount))
        try evaluation.allocate(nodes: elements.count)
        let order = elements.indices.sorted { left, right in
            if keys[left].precedes(keys[right]) { return true }
            return left < right && !keys[right].precedes(keys[left])
        }
        return .array(order.map { elements[$0] })
    }
}
