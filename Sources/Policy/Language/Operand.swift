import JMESPath

/// What a condition compares: a value, and where it holds wildcards.
indirect enum Operand: Sendable {
    /// What came from the request, the cluster, a registry or a statement, and values that are no text.
    case data(Node)
    case text(TextPattern)
    case list([Operand])

    /// A value whose texts an operator of the cluster wrote.
    init(policyText node: Node) {
        if let text = node.string {
            self = .text(TextPattern(text, isPattern: true))
        } else if let elements = node.elements {
            self = .list(elements.map(Operand.init(policyText:)))
        } else {
            self = .data(node)
        }
    }

    var node: Node {
        switch self {
        case .data(let node): node
        case .text(let pattern): .string(pattern.text)
        case .list(let operands): .array(operands.map(\.node))
        }
    }

    /// The elements of a list, or nil for what is none.
    var elements: [Operand]? {
        switch self {
        case .data(let node): node.elements.map { $0.map(Operand.data) }
        case .text: nil
        case .list(let operands): operands
        }
    }

    /// The text of a string, with its wildcards; nil for anything else.
    var pattern: TextPattern? {
        switch self {
        case .data(let node): node.string.map { TextPattern($0, isPattern: false) }
        case .text(let pattern): pattern
        case .list: nil
        }
    }
}
