/// A function's name and its arguments, whose number and types have been checked.
struct Call {
    let name: String
    let arguments: [Argument]

    func node(_ index: Int) -> Node {
        switch arguments[index] {
        case .value(let node): node
        case .pattern(let pattern): .string(pattern.text)
        case .reference: .null
        }
    }

    func reference(_ index: Int) throws(EvaluationError) -> Expression {
        if case .reference(let expression) = arguments[index] { return expression }
        throw invalidType("argument \(index + 1) must be an &expression")
    }

    func string(_ index: Int) throws(EvaluationError) -> String {
        if let string = node(index).string { return string }
        throw invalidType("argument \(index + 1) must be string, not \(node(index).kind)")
    }

    func number(_ index: Int) throws(EvaluationError) -> Number { try number(node(index)) }

    func number(_ node: Node) throws(EvaluationError) -> Number {
        if let number = node.number { return number }
        throw invalidValue("\(node.numberText ?? "the argument") is not a number to count with")
    }

    /// The number `real`, unless it is too large to be one.
    func number(_ real: Double) throws(EvaluationError) -> Node {
        guard let number = Number(real) else { throw invalidValue("the result is too large for a number") }
        return .number(number)
    }

    func invalidType(_ reason: String) -> EvaluationError { EvaluationError(.invalidType, "\(name)(): \(reason)") }

    func invalidValue(_ reason: String) -> EvaluationError { EvaluationError(.invalidValue, "\(name)(): \(reason)") }
}

extension Evaluation {
    mutating func call(
        _ function: Function,
        _ expressions: [ArgumentExpression],
        _ input: Node
    ) throws(EvaluationError) -> Node {
        var arguments: [Argument] = []
        arguments.reserveCapacity(expressions.count)
        for expression in expressions {
            switch expression {
            case .value(let expression): arguments.append(.value(try value(of: expression, input)))
            case .reference(let expression): arguments.append(.reference(expression))
            case .pattern(let pattern): arguments.append(.pattern(pattern))
            }
        }
        let call = Call(name: function.name, arguments: arguments)
        for (index, argument) in arguments.enumerated() {
            let type = function.parameters[min(index, function.parameters.count - 1)]
            if case .value(let node) = argument, !type.isDisjoint(with: [.numbers, .strings]) {
                try spend(steps: node.count)
            }
            guard type.takes(argument) else {
                let given = if case .value(let node) = argument { node.kind.rawValue } else { "&expression" }
                throw call.invalidType("argument \(index + 1) must be \(type), not \(given)")
            }
        }
        return try function.body(call, &self)
    }
}
