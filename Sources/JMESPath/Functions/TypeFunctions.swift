import JSON

/// Source: JMESPath specification, "Built-in Functions".
extension Functions {
    static let typeFunctions: [Function] = [
        Function("type", .any) { call, _ throws(EvaluationError) in
            .string(call.node(0).kind.rawValue)
        },
        Function("not_null", .any, isVariadic: true) { call, _ throws(EvaluationError) in
            for index in call.arguments.indices where !call.node(index).isNull { return call.node(index) }
            return .null
        },
        Function("to_array", .any) { call, evaluation throws(EvaluationError) in
            if call.node(0).kind == .array { return call.node(0) }
            try evaluation.allocate(nodes: 1)
            return .array([call.node(0)])
        },
        Function("to_string", .any) { call, evaluation throws(EvaluationError) in
            if call.node(0).kind == .string { return call.node(0) }
            let json = try evaluation.json(of: call.node(0))
            return .string(json)
        },
        Function("to_number", .any) { call, evaluation throws(EvaluationError) in
            let node = call.node(0)
            guard let text = node.string else { return node.kind == .number ? node : .null }
            try evaluation.allocate(bytes: text.utf8.count)
            return Node.number(parsing: text) ?? .null
        },
    ]
}

extension Node {
    /// A number as JSON spells it, and nothing else; nil for other text and what is too large to count with.
    static func number(parsing text: String) -> Node? {
        guard text.utf8.first != 0x20, text.utf8.allSatisfy({ $0 > 0x20 }), let document = try? Document(text: text),
            Number(document.root) != nil
        else { return nil }
        return .json(document.root)
    }
}

extension Evaluation {
    /// The value as JSON without white space, paid for.
    mutating func json(of node: Node) throws(EvaluationError) -> String {
        let json = node.json
        try allocate(bytes: json.utf8.count)
        return json
    }
}
