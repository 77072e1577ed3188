/// Source: JMESPath specification, "Built-in Functions".
extension Functions {
    static let collectionFunctions: [Function] = [
        Function("keys", .object) { call, evaluation throws(EvaluationError) in
            .array((try evaluation.members(of: call.node(0)) ?? []).map { .string($0.key) })
        },
        Function("values", .object) { call, evaluation throws(EvaluationError) in
            .array((try evaluation.members(of: call.node(0)) ?? []).map(\.value))
        },
        Function("length", [.string, .array, .object]) { call, evaluation throws(EvaluationError) in
            guard let text = call.node(0).string else { return .number(.integer(call.node(0).count)) }
            try evaluation.spend(bytes: text.utf8.count)
            return .number(.integer(text.unicodeScalars.count))
        },
        Function("map", .expression, .array) { call, evaluation throws(EvaluationError) in
            let expression = try call.reference(0)
            let elements = try evaluation.elements(of: call.node(1)) ?? []
            try evaluation.allocate(nodes: elements.count)
            var results: [Node] = []
            results.reserveCapacity(elements.count)
            for element in elements { results.append(try evaluation.value(of: expression, element)) }
            return .array(results)
        },
        Function("merge", .object, isVariadic: true) { call, evaluation throws(EvaluationError) in
            var object = ObjectNode()
            for index in call.arguments.indices {
                let members = try evaluation.members(of: call.node(index)) ?? []
                try evaluation.allocate(nodes: members.count)
                for member in members { object.set(member.key, to: member.value) }
            }
            return .object(object)
        },
        Function("reverse", [.string, .array]) { call, evaluation throws(EvaluationError) in
            if let text = call.node(0).string {
                try evaluation.allocate(bytes: text.utf8.count)
                var reversed = String.UnicodeScalarView()
                reversed.append(contentsOf: text.unicodeScalars.reversed())
                return .string(String(reversed))
            }
            let elements = try evaluation.elements(of: call.node(0)) ?? []
            try evaluation.allocate(nodes: elements.count)
            return .array(elements.reversed())
        },
        Function("sort", [.numbers, .strings]) { call, evaluation throws(EvaluationError) in
            let elements = try evaluation.elements(of: call.node(0)) ?? []
            return try SortKey.sort(elements, try SortKey.keys(elements, call), &evaluation)
        },
        Function("sort_by", .array, .expression) { call, evaluation throws(EvaluationError) in
            let elements = try evaluation.elements(of: call.node(0)) ?? []
            let keys = try SortKey.keys(elements, by: try call.reference(1), call, &evaluation)
            return try SortKey.sort(elements, keys, &evaluation)
        },
        Function("sum", .array) { call, evaluation throws(EvaluationError) in
            try Arithmetic.sum(try evaluation.elements(of: call.node(0)) ?? [], call)
        },
    ]
}
