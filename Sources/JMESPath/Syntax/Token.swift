/// A word of the query language, and where it begins.
struct Token {
    enum Kind {
        case identifier(String)
        case quotedIdentifier(String)
        case integer(Int)
        case literal(Node)
        case dot, star, leftBracket, rightBracket, filter, flatten, comma, colon, leftBrace, rightBrace
        case leftParenthesis, rightParenthesis, pipe, or, and, not, reference, current
        case comparison(Comparison)
        case end
    }

    let kind: Kind
    /// In bytes, counted from 0.
    let offset: Int

    /// How tightly the token binds what stands before it; 0 where it cannot go on with an expression.
    ///
    /// Source: JMESPath specification, "Operator Precedence": pipe, or, and, comparison, then the operators that select.
    var bindingPower: Int {
        switch kind {
        case .pipe: BindingPower.pipe
        case .or: BindingPower.or
        case .and: BindingPower.and
        case .comparison: BindingPower.comparison
        case .flatten: BindingPower.flatten
        case .star: BindingPower.star
        case .filter: BindingPower.filter
        case .dot: BindingPower.dot
        case .leftBracket: BindingPower.leftBracket
        default: 0
        }
    }
}

/// See ``Token/bindingPower``.
enum BindingPower {
    static let pipe = 1
    static let or = 2
    static let and = 3
    static let comparison = 5
    static let flatten = 9
    /// What binds less tightly than this ends a projection.
    static let projectionStop = 10
    static let star = 20
    static let filter = 21
    static let dot = 40
    static let not = 45
    static let leftBracket = 55
}

/// The operators that compare.
enum Comparison: String {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

extension Token.Kind: CustomStringConvertible {
    /// As a person wrote it, or nearly.
    var description: String {
        switch self {
        case .identifier(let name): name
        case .quotedIdentifier(let name): "\"\(name)\""
        case .integer(let integer): String(integer)
        case .literal: "a literal"
        case .dot: "."
        case .star: "*"
        case .leftBracket: "["
        case .rightBracket: "]"
        case .filter: "[?"
        case .flatten: "[]"
        case .comma: ","
        case .colon: ":"
        case .leftBrace: "{"
        case .rightBrace: "}"
        case .leftParenthesis: "("
        case .rightParenthesis: ")"
        case .pipe: "|"
        case .or: "||"
        case .and: "&&"
        case .not: "!"
        case .reference: "&"
        case .current: "@"
        case .comparison(let comparison): comparison.rawValue
        case .end: "the end"
        }
    }
}
