/// Source: Kyverno's documentation of its functions.
extension Functions {
    static let arithmeticFunctions: [Function] = [
        operation("add", Arithmetic.add),
        operation("subtract", Arithmetic.subtract),
        operation("multiply", Arithmetic.multiply),
        operation("divide", Arithmetic.divide),
        operation("modulo", Arithmetic.modulo),
        Function("round", .number, .number) { call, _ throws(EvaluationError) in
            let number = try call.number(0)
            guard let places = try call.number(1).integer, places >= 0 else {
                throw call.invalidValue("the number of decimals is a whole number from 0 up")
            }
            // A double has no more decimals than this that rounding could change.
            guard case .real(let real) = number, places <= 15 else { return .number(number) }
            var shift = 1.0
            for _ in 0..<places { shift *= 10 }
            let shifted = real * shift
            guard shifted.isFinite else { return .number(number) }
            return try call.number(shifted.rounded(.toNearestOrAwayFromZero) / shift)
        },
    ]

    private static func operation(
        _ name: String,
        _ body: @escaping @Sendable (Operand, Operand, Call) throws(EvaluationError) -> Operand
    ) -> Function {
        Function(name, .any, .any) { call, _ throws(EvaluationError) in
            try body(try Operand(call.node(0), call), try Operand(call.node(1), call), call).node
        }
    }
}
