/// What can be counted with: numbers, Kubernetes quantities and durations, each with its like.
///
/// Source: Kyverno's documentation of `add()`, `subtract()`, `multiply()`, `divide()`, `modulo()` and `sum()`.
enum Operand {
    case number(Number)
    case quantity(Quantity)
    case duration(GoDuration)

    /// A string is a quantity if it can be one (`5m` is five thousandths), else a duration.
    init(_ node: Node, _ call: Call) throws(EvaluationError) {
        switch node.kind {
        case .number: self = .number(try call.number(node))
        case .string:
            let text = node.string ?? ""
            if let quantity = Quantity(text) {
                self = .quantity(quantity)
            } else if let duration = GoDuration(text) {
                self = .duration(duration)
            } else {
                throw call.invalidType("\"\(text)\" is neither a quantity nor a duration")
            }
        default: throw call.invalidType("cannot count with \(node.kind)")
        }
    }

    var kind: String {
        switch self {
        case .number: "a number"
        case .quantity: "a quantity"
        case .duration: "a duration"
        }
    }

    var node: Node {
        switch self {
        case .number(let number): .number(number)
        case .quantity(let quantity): .string(quantity.description)
        case .duration(let duration): .string(duration.description)
        }
    }
}

enum Arithmetic {
    static func sum(_ elements: [Node], _ call: Call) throws(EvaluationError) -> Node {
        guard let first = elements.first else { return .number(.integer(0)) }
        var sum = try Operand(first, call)
        for element in elements.dropFirst() { sum = try add(sum, try Operand(element, call), call) }
        return sum.node
    }

    static func add(_ left: Operand, _ right: Operand, _ call: Call) throws(EvaluationError) -> Operand {
        switch (left, right) {
        case (.number(let left), .number(let right)):
            return .number(try integral(left, right, { $0.addingReportingOverflow($1) }, call) { $0 + $1 })
        case (.quantity(let left), .quantity(let right)): return .quantity(try inRange(left.adding(right), call))
        case (.duration(let left), .duration(let right)):
            return .duration(try duration(left, right, call) { $0.addingReportingOverflow($1) })
        default: throw mismatch(left, right, call)
        }
    }

    static func subtract(_ left: Operand, _ right: Operand, _ call: Call) throws(EvaluationError) -> Operand {
        switch (left, right) {
        case (.number(let left), .number(let right)):
            return .number(try integral(left, right, { $0.subtractingReportingOverflow($1) }, call) { $0 - $1 })
        case (.quantity(let left), .quantity(let right)): return .quantity(try inRange(left.subtracting(right), call))
        case (.duration(let left), .duration(let right)):
            return .duration(try duration(left, right, call) { $0.subtractingReportingOverflow($1) })
        default: throw mismatch(left, right, call)
        }
    }

    static func multiply(_ left: Operand, _ right: Operand, _ call: Call) throws(EvaluationError) -> Operand {
        switch (left, right) {
        case (.number(let left), .number(let right)):
            return .number(try integral(left, right, { $0.multipliedReportingOverflow(by: $1) }, call) { $0 * $1 })
        case (.quantity(let quantity), .number(let factor)), (.number(let factor), .quantity(let quantity)):
            return .quantity(try inRange(quantity.multiplied(by: try decimal(factor, call)), call))
        case (.duration(let duration), .number(let factor)), (.number(let factor), .duration(let duration)):
            return .duration(try inRange(duration.multiplied(by: try decimal(factor, call)), call))
        default: throw mismatch(left, right, call)
        }
    }

    static func divide(_ left: Operand, _ right: Operand, _ call: Call) throws(EvaluationError) -> Operand {
        guard !isZero(right) else { throw call.invalidValue("the divisor is 0") }
        switch (left, right) {
        case (.number(let left), .number(let right)):
            return .number(try inRange(Number(left.double / right.double), call))
        case (.quantity(let left), .quantity(let right)):
            return .number(try inRange(Number(left.ratio(to: right)), call))
        case (.duration(let left), .duration(let right)):
            return .number(try inRange(Number(Double(left.nanoseconds) / Double(right.nanoseconds)), call))
        case (.quantity(let quantity), .number(let divisor)):
            return .quantity(try inRange(quantity.divided(by: try decimal(divisor, call)), call))
        case (.duration(let duration), .number(let divisor)):
            return .duration(try inRange(duration.divided(by: try decimal(divisor, call)), call))
        default: throw mismatch(left, right, call)
        }
    }

    static func modulo(_ left: Operand, _ right: Operand, _ call: Call) throws(EvaluationError) -> Operand {
        guard !isZero(right) else { throw call.invalidValue("the divisor is 0") }
        switch (left, right) {
        case (.number(let left), .number(let right)):
            guard let left = left.integer, let right = right.integer else { throw notWhole(call) }
            return .number(.integer(left.remainderReportingOverflow(dividingBy: right).partialValue))
        case (.quantity(let left), .quantity(let right)):
            guard let dividend = left.integer, let divisor = right.integer else { throw notWhole(call) }
            return .quantity(Quantity(nanos: dividend % divisor * 1_000_000_000, format: left.format))
        case (.duration(let left), .duration(let right)):
            let (rest, _) = left.nanoseconds.remainderReportingOverflow(dividingBy: right.nanoseconds)
            return .duration(GoDuration(nanoseconds: rest))
        default: throw mismatch(left, right, call)
        }
    }

    // MARK: Parts

    private static func isZero(_ operand: Operand) -> Bool {
        switch operand {
        case .number(let number): number == .integer(0)
        case .quantity(let quantity): quantity.isZero
        case .duration(let duration): duration.nanoseconds == 0
        }
    }

    /// Exactly where both are integers and the result is, else as doubles.
    private static func integral(
        _ left: Number,
        _ right: Number,
        _ exact: (Int, Int) -> (partialValue: Int, overflow: Bool),
        _ call: Call,
        _ real: (Double, Double) -> Double
    ) throws(EvaluationError) -> Number {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (value, overflow) = exact(left, right)
            if !overflow { return .integer(value) }
        }
        return try inRange(Number(real(left.double, right.double)), call)
    }

    private static func duration(
        _ left: GoDuration,
        _ right: GoDuration,
        _ call: Call,
        _ operation: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
    ) throws(EvaluationError) -> GoDuration {
        let (value, overflow) = operation(left.nanoseconds, right.nanoseconds)
        return try inRange(overflow ? nil : GoDuration(nanoseconds: value), call)
    }

    private static func decimal(_ number: Number, _ call: Call) throws(EvaluationError) -> Decimal {
        try inRange(Decimal(json: number.description), call)
    }

    private static func inRange<Value>(_ value: Value?, _ call: Call) throws(EvaluationError) -> Value {
        guard let value else { throw call.invalidValue("the result is out of range") }
        return value
    }

    private static func notWhole(_ call: Call) -> EvaluationError {
        call.invalidValue("only whole numbers have a remainder")
    }

    private static func mismatch(_ left: Operand, _ right: Operand, _ call: Call) -> EvaluationError {
        call.invalidType("cannot count with \(left.kind) and \(right.kind) at once")
    }
}
