/// Source: Kyverno's documentation of its functions.
extension Functions {
    static let objectFunctions: [Function] = [
        Function("label_match", .object, .object) { call, evaluation throws(EvaluationError) in
            let labels = call.node(1)
            for member in try evaluation.members(of: call.node(0)) ?? [] {
                guard let value = try evaluation.field(member.key, of: labels),
                    try evaluation.areEqual(member.value, value)
                else { return .boolean(false) }
            }
            return .boolean(true)
        },
        Function("lookup", [.object, .array], [.string, .number]) { call, evaluation throws(EvaluationError) in
            let collection = call.node(0)
            guard collection.kind == .array else {
                return try evaluation.field(try call.string(1), of: collection) ?? .null
            }
            guard call.node(1).kind == .number, let index = try call.number(1).integer else {
                throw call.invalidType("an array is looked up by a whole number")
            }
            return index < 0 ? .null : try evaluation.element(index, of: collection)
        },
        Function("items", [.object, .array], .string, .string) { call, evaluation throws(EvaluationError) in
            let (keyName, valueName) = (try call.string(1), try call.string(2))
            let collection = call.node(0)
            try evaluation.allocate(nodes: 3 * collection.count)
            func item(_ key: Node, _ value: Node) -> Node {
                var object = ObjectNode()
                object.set(keyName, to: key)
                object.set(valueName, to: value)
                return .object(object)
            }
            if let members = try evaluation.members(of: collection) {
                return .array(
                    members.sorted { $0.key.precedesByBytes($1.key) }.map { item(.string($0.key), $0.value) })
            }
            let elements = try evaluation.elements(of: collection) ?? []
            return .array(elements.enumerated().map { item(.number(.integer($0.offset)), $0.element) })
        },
        Function("object_from_lists", .array, .array) { call, evaluation throws(EvaluationError) in
            let keys = try evaluation.elements(of: call.node(0)) ?? []
            let values = try evaluation.elements(of: call.node(1)) ?? []
            try evaluation.allocate(nodes: keys.count)
            var object = ObjectNode()
            for (index, key) in keys.enumerated() {
                guard let name = key.string ?? key.numberText ?? key.boolean.map(String.init) else {
                    throw call.invalidType("a key must be text, not \(key.kind)")
                }
                object.set(name, to: index < values.count ? values[index] : .null)
            }
            return .object(object)
        },
    ]
}
