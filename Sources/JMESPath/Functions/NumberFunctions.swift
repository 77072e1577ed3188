/// Source: JMESPath specification, "Built-in Functions".
extension Functions {
    static let numberFunctions: [Function] = [
        Function("abs", .number) { call, _ throws(EvaluationError) in
            switch try call.number(0) {
            case .integer(let integer):
                let (magnitude, overflow) = integer < 0 ? (0).subtractingReportingOverflow(integer) : (integer, false)
                return overflow ? try call.number(-Double(integer)) : .number(.integer(magnitude))
            case .real(let real): return .number(.real(real.magnitude))
            }
        },
        Function("ceil", .number) { call, _ throws(EvaluationError) in
            try call.number(0).rounded(.up)
        },
        Function("floor", .number) { call, _ throws(EvaluationError) in
            try call.number(0).rounded(.down)
        },
        Function("avg", .numbers) { call, evaluation throws(EvaluationError) in
            guard let elements = try evaluation.elements(of: call.node(0)), !elements.isEmpty else { return .null }
            let sum = try Arithmetic.sum(elements, call)
            return try call.number((sum.number?.double ?? 0) / Double(elements.count))
        },
        Function("max", [.numbers, .strings]) { call, evaluation throws(EvaluationError) in
            try extreme(call, &evaluation) { candidate, best in best.precedes(candidate) }
        },
        Function("min", [.numbers, .strings]) { call, evaluation throws(EvaluationError) in
            try extreme(call, &evaluation) { candidate, best in candidate.precedes(best) }
        },
        Function("max_by", .array, .expression) { call, evaluation throws(EvaluationError) in
            try extremeBy(call, &evaluation) { candidate, best in best.precedes(candidate) }
        },
        Function("min_by", .array, .expression) { call, evaluation throws(EvaluationError) in
            try extremeBy(call, &evaluation) { candidate, best in candidate.precedes(best) }
        },
    ]

    /// The first element that no other is better than; null where there is none.
    private static func extreme(
        _ call: Call,
        _ evaluation: inout Evaluation,
        isBetter: (SortKey, SortKey) -> Bool
    ) throws(EvaluationError) -> Node {
        guard let elements = try evaluation.elements(of: call.node(0)) else { return .null }
        let keys = try SortKey.keys(elements, call)
        return best(of: elements, keys, isBetter)
    }

    private static func extremeBy(
        _ call: Call,
        _ evaluation: inout Evaluation,
        isBetter: (SortKey, SortKey) -> Bool
    ) throws(EvaluationError) -> Node {
        guard let elements = try evaluation.elements(of: call.node(0)) else { return .null }
        let keys = try SortKey.keys(elements, by: try call.reference(1), call, &evaluation)
        return best(of: elements, keys, isBetter)
    }

    private static func best(of elements: [Node], _ keys: [SortKey], _ isBetter: (SortKey, SortKey) -> Bool) -> Node {
        guard var best = elements.indices.first else { return .null }
        for index in elements.indices.dropFirst() where isBetter(keys[index], keys[best]) { best = index }
        return elements[best]
    }
}

extension Number {
    fileprivate func rounded(_ rule: FloatingPointRoundingRule) -> Node {
        switch self {
        case .integer: .number(self)
        case .real(let real): .number(Number(real.rounded(rule)) ?? self)
        }
    }
}
