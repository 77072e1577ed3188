import RegularExpression

/// A function that queries can call.
struct Function: Sendable {
    typealias Body = @Sendable (_ call: Call, _ evaluation: inout Evaluation) throws(EvaluationError) -> Node

    let name: String
    let parameters: [ParameterType]
    /// Whether the last parameter takes any number of arguments, but at least one.
    let isVariadic: Bool
    /// Which argument is a regular expression: where the query has it as a literal, it is compiled with the query.
    let patternIndex: Int?
    let body: Body

    init(
        _ name: String,
        _ parameters: ParameterType...,
        isVariadic: Bool = false,
        pattern patternIndex: Int? = nil,
        body: @escaping Body
    ) {
        self.name = name
        self.parameters = parameters
        self.isVariadic = isVariadic
        self.patternIndex = patternIndex
        self.body = body
    }

    func takes(_ count: Int) -> Bool {
        isVariadic ? count >= parameters.count : count == parameters.count
    }
}

/// What a function takes for an argument.
///
/// Source: JMESPath specification, "Functions Expressions" and "Data Types".
struct ParameterType: OptionSet, Sendable {
    let rawValue: Int

    static let null = ParameterType(rawValue: 1)
    static let boolean = ParameterType(rawValue: 1 << 1)
    static let number = ParameterType(rawValue: 1 << 2)
    static let string = ParameterType(rawValue: 1 << 3)
    static let array = ParameterType(rawValue: 1 << 4)
    static let object = ParameterType(rawValue: 1 << 5)
    static let expression = ParameterType(rawValue: 1 << 6)
    static let numbers = ParameterType(rawValue: 1 << 7)
    static let strings = ParameterType(rawValue: 1 << 8)

    static let any: ParameterType = [.null, .boolean, .number, .string, .array, .object]

    init(rawValue: Int) { self.rawValue = rawValue }

    init(_ kind: Node.Kind) {
        switch kind {
        case .null: self = .null
        case .boolean: self = .boolean
        case .number: self = .number
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }

    func takes(_ argument: Argument) -> Bool {
        let node: Node
        switch argument {
        case .value(let value): node = value
        case .reference: return contains(.expression)
        case .pattern: return contains(.string)
        }
        let kind = node.kind
        if contains(ParameterType(kind)) { return true }
        guard kind == .array, !isDisjoint(with: [.numbers, .strings]) else { return false }
        let elements = node.elements ?? []
        if contains(.numbers), elements.allSatisfy({ $0.kind == .number }) { return true }
        return contains(.strings) && elements.allSatisfy { $0.kind == .string }
    }
}

extension ParameterType: CustomStringConvertible {
    /// For example `string or number`.
    var description: String {
        let names: [(ParameterType, String)] = [
            (.null, "null"), (.boolean, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"),
            (.object, "object"), (.expression, "&expression"), (.numbers, "array of numbers"),
            (.strings, "array of strings"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: " or ")
    }
}

/// An argument as a function gets it.
enum Argument: Sendable {
    case value(Node)
    case reference(Expression)
    case pattern(Pattern)
}
