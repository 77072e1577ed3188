public import JSON

/// A value that a query reads or yields.
///
/// What is only passed on from the input stays a place in its document (``json(_:)``), so that selecting a part of a
/// large object copies nothing. The other cases are values that a query made.
public enum Node: Sendable {
    case null
    case boolean(Bool)
    case number(Number)
    case string(String)
    case array([Node])
    case object(ObjectNode)
    /// A value of a document, looked into when somebody asks.
    case json(JSON.Value)

    /// The JSON types, by the names that `type()` gives.
    ///
    /// Source: JMESPath specification, "Data Types".
    public enum Kind: String, Sendable, Hashable {
        case null, boolean, number, string, array, object
    }

    public init(_ value: JSON.Value) { self = .json(value) }

    public var kind: Kind {
        switch self {
        case .null: .null
        case .boolean: .boolean
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        case .json(let value):
            switch value.kind {
            case .null: .null
            case .boolean: .boolean
            case .number: .number
            case .string: .string
            case .array: .array
            case .object: .object
            }
        }
    }

    // MARK: Scalars

    public var isNull: Bool {
        switch self {
        case .null: true
        case .json(let value): value.isNull
        default: false
        }
    }

    public var boolean: Bool? {
        switch self {
        case .boolean(let boolean): boolean
        case .json(let value): value.boolean
        default: nil
        }
    }

    /// The text of a string, nil for any other kind.
    public var string: String? {
        switch self {
        case .string(let string): string
        case .json(let value): value.string
        default: nil
        }
    }

    /// A number, nil for any other kind and for a number of a document that is too large to count with.
    public var number: Number? {
        switch self {
        case .number(let number): number
        case .json(let value): Number(value)
        default: nil
        }
    }

    /// A number as it was written, or as short as it can be where a query made it; nil for any other kind.
    public var numberText: String? {
        switch self {
        case .number(let number): number.description
        case .json(let value): value.numberText
        default: nil
        }
    }

    /// Whether the value counts as true: all but null, false, and the empty string, array and object.
    ///
    /// Source: JMESPath specification, "Or Expressions".
    public var isTruthy: Bool {
        switch self {
        case .null: false
        case .boolean(let boolean): boolean
        case .number: true
        case .string(let string): !string.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        case .json(let value):
            switch value.kind {
            case .null: false
            case .boolean: value.boolean == true
            case .number: true
            case .string: !value.equals("")
            case .array, .object: value.count > 0
            }
        }
    }

    // MARK: Inside

    /// How many elements or members there are; 0 for a scalar.
    public var count: Int {
        switch self {
        case .array(let elements): elements.count
        case .object(let object): object.count
        case .json(let value): value.count
        default: 0
        }
    }

    /// The member named `key`; nil where this is not an object or has none.
    public subscript(key: String) -> Node? {
        switch self {
        case .object(let object): object[key]
        case .json(let value): value[key].map { .json($0) }
        default: nil
        }
    }

    /// The element at `index`, counted from 0; nil where this is not an array or is shorter.
    public subscript(index: Int) -> Node? {
        switch self {
        case .array(let elements): elements.indices.contains(index) ? elements[index] : nil
        case .json(let value): value[index].map { .json($0) }
        default: nil
        }
    }

    /// The elements of an array, nil for any other kind.
    public var elements: [Node]? {
        switch self {
        case .array(let elements): return elements
        case .json(let value):
            guard value.kind == .array else { return nil }
            var elements: [Node] = []
            elements.reserveCapacity(value.count)
            for element in value.elements { elements.append(.json(element)) }
            return elements
        default: return nil
        }
    }

    /// The members of an object in their order, nil for any other kind.
    public var members: [ObjectNode.Member]? {
        switch self {
        case .object(let object): return object.members
        case .json(let value):
            guard value.kind == .object else { return nil }
            var members: [ObjectNode.Member] = []
            members.reserveCapacity(value.count)
            for (key, value) in value.members { members.append(ObjectNode.Member(key: key, value: .json(value))) }
            return members
        default: return nil
        }
    }
}
