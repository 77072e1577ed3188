/// Counting with numbers.
enum Arithmetic {
    static func sum(_ elements: [Node], _ call: Call) throws(EvaluationError) -> Node {
        var sum = Number.integer(0)
        for element in elements {
            guard element.kind == .number else { throw call.invalidType("cannot add \(element.kind)") }
            sum = try add(sum, try call.number(element), call)
        }
        return .number(sum)
    }

    static func add(_ left: Number, _ right: Number, _ call: Call) throws(EvaluationError) -> Number {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow { return .integer(sum) }
        }
        guard let sum = Number(left.double + right.double) else {
            throw call.invalidValue("the result is too large for a number")
        }
        return sum
    }
}
