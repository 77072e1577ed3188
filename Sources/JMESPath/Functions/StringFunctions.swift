/// Source: JMESPath specification, "Built-in Functions".
extension Functions {
    static let stringFunctions: [Function] = [
        Function("contains", [.array, .string], .any) { call, evaluation throws(EvaluationError) in
            let subject = call.node(0)
            let wanted = call.node(1)
            if let text = subject.string {
                guard let part = wanted.string else { return .boolean(false) }
                return .boolean(try TextSearch.firstPosition(of: part, in: text, &evaluation) != nil)
            }
            for element in try evaluation.elements(of: subject) ?? [] where try evaluation.areEqual(element, wanted) {
                return .boolean(true)
            }
            return .boolean(false)
        },
        Function("starts_with", .string, .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            let prefix = try call.string(1)
            try evaluation.spend(bytes: prefix.utf8.count)
            return .boolean(text.utf8.starts(with: prefix.utf8))
        },
        Function("ends_with", .string, .string) { call, evaluation throws(EvaluationError) in
            let text = try call.string(0)
            let suffix = try call.string(1)
            try evaluation.spend(bytes: suffix.utf8.count)
            return .boolean(text.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8))
        },
        Function("join", .string, .strings) { call, evaluation throws(EvaluationError) in
            let glue = try call.string(0)
            var parts: [String] = []
            for element in try evaluation.elements(of: call.node(1)) ?? [] {
                let part = element.string ?? ""
                try evaluation.allocate(bytes: part.utf8.count + glue.utf8.count)
                parts.append(part)
            }
            return .string(parts.joined(separator: glue))
        },
    ]
}
