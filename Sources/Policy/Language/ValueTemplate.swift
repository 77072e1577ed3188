import JMESPath
import JSON

/// A value of a policy (a condition's `key` and `value`, a context variable) with variables in its texts.
indirect enum ValueTemplate: Sendable {
    /// A text; also one that is a lone variable.
    case text(TextTemplate)
    case list([ValueTemplate])
    case object([(key: String, value: ValueTemplate)])
    /// Null, true, false or a number.
    case scalar(Value)

    /// - Throws: ``TemplateError``.
    init(_ value: Value) throws(TemplateError) {
        switch value.kind {
        case .string: self = .text(try TextTemplate(value.string ?? ""))
        case .array:
            var elements: [ValueTemplate] = []
            for element in value.elements { elements.append(try ValueTemplate(element)) }
            self = .list(elements)
        case .object:
            var members: [(key: String, value: ValueTemplate)] = []
            for (key, value) in value.members {
                guard !TextTemplate.isTemplate(key) else {
                    throw TemplateError("a variable cannot stand in a key of a map (\"\(key)\")")
                }
                members.append((key, try ValueTemplate(value)))
            }
            self = .object(members)
        default: self = .scalar(value)
        }
    }

    var variables: [Variable] {
        switch self {
        case .text(let text): text.variables
        case .list(let elements): elements.flatMap(\.variables)
        case .object(let members): members.flatMap(\.value.variables)
        case .scalar: []
        }
    }

    func operand(in scope: Scope) throws(RuleFailure) -> Operand {
        switch self {
        case .text(let text): return try text.operand(in: scope)
        case .list(let elements):
            var operands: [Operand] = []
            for element in elements { operands.append(try element.operand(in: scope)) }
            return .list(operands)
        case .object(let members):
            var object = ObjectNode()
            for (key, value) in members { object.set(key, to: try value.operand(in: scope).node) }
            return .data(.object(object))
        case .scalar(let value): return .data(.json(value))
        }
    }

    func node(in scope: Scope) throws(RuleFailure) -> Node { try operand(in: scope).node }
}
