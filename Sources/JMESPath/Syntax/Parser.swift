import RegularExpression

/// Reads tokens into an ``Expression``: an operator-precedence parser, as every implementation of the language has.
///
/// Source: JMESPath specification, "Grammar" and "Operator Precedence".
struct Parser {
    private let tokens: [Token]
    private let functions: Functions
    private var position = 0
    private var depth = 0

    private init(tokens: [Token], functions: Functions) {
        self.tokens = tokens
        self.functions = functions
    }

    static func parse(_ text: String, functions: Functions) throws(QueryError) -> Expression {
        guard text.utf8.count <= Query.maximumLength else {
            throw QueryError(.tooLarge, "more than \(Query.maximumLength) bytes", at: Query.maximumLength)
        }
        var parser = Parser(tokens: try Lexer.tokens(of: text), functions: functions)
        let tree = try parser.expression(0)
        guard case .end = parser.token.kind else { throw parser.unexpected() }
        return tree.expression
    }

    /// An expression and how deep it is, so that evaluating it cannot exhaust the stack.
    private struct Tree {
        var expression: Expression
        var depth: Int
    }

    // MARK: Tokens

    private var token: Token { tokens[position] }

    /// There is always an end, and nothing reads past it.
    private var following: Token { tokens[min(position + 1, tokens.count - 1)] }

    private mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    private func unexpected(_ token: Token) -> QueryError {
        if case .end = token.kind { return QueryError(.syntax, "the expression is not complete", at: token.offset) }
        return QueryError(.syntax, "unexpected \(token.kind)", at: token.offset)
    }

    private func unexpected() -> QueryError { unexpected(token) }

    private mutating func expect(_ wanted: Token.Kind) throws(QueryError) {
        switch (token.kind, wanted) {
        case (.rightBracket, .rightBracket), (.rightParenthesis, .rightParenthesis), (.colon, .colon), (.star, .star),
            (.leftParenthesis, .leftParenthesis):
            advance()
        case (.end, .rightBracket), (.end, .rightParenthesis):
            throw QueryError(.syntax, "\(wanted) is missing", at: token.offset)
        default: throw unexpected()
        }
    }

    // MARK: Trees

    private func tree(_ expression: Expression, over parts: [Tree] = []) throws(QueryError) -> Tree {
        let depth = 1 + (parts.map(\.depth).max() ?? 0)
        guard depth <= Query.maximumDepth else { throw tooDeep() }
        return Tree(expression: expression, depth: depth)
    }

    private func tooDeep() -> QueryError {
        QueryError(.tooLarge, "more than \(Query.maximumDepth) expressions inside one another", at: token.offset)
    }

    /// `left` and then `right`, in one row where `left` is such a row already.
    private func row(
        _ left: Tree,
        _ right: Tree,
        parts: (Expression) -> [Expression]?,
        make: ([Expression]) -> Expression
    ) throws(QueryError) -> Tree {
        guard let before = parts(left.expression) else {
            return try tree(make([left.expression, right.expression]), over: [left, right])
        }
        guard before.count < Query.maximumRowLength else {
            throw QueryError(
                .tooLarge, "more than \(Query.maximumRowLength) expressions after one another", at: token.offset)
        }
        guard right.depth < Query.maximumDepth else { throw tooDeep() }
        return Tree(expression: make(before + [right.expression]), depth: max(left.depth, right.depth + 1))
    }

    private func chain(_ left: Tree, _ right: Tree) throws(QueryError) -> Tree {
        if case .current = left.expression { return right }
        return try row(
            left, right, parts: { if case .chain(let parts) = $0 { parts } else { nil } }, make: { .chain($0) })
    }

    // MARK: Expressions

    private mutating func expression(_ minimumPower: Int) throws(QueryError) -> Tree {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Query.maximumDepth else { throw tooDeep() }
        var left = try prefix()
        while token.bindingPower > minimumPower { left = try infix(left) }
        return left
    }

    /// What can begin an expression.
    private mutating func prefix() throws(QueryError) -> Tree {
        let start = token
        advance()
        switch start.kind {
        case .literal(let node): return try tree(.literal(node))
        case .current: return try tree(.current)
        case .identifier(let name):
            if case .leftParenthesis = token.kind { return try call(name, at: start.offset) }
            return try tree(.field(name))
        case .quotedIdentifier(let name):
            if case .leftParenthesis = token.kind {
                throw QueryError(.syntax, "the name of a function has no quotes", at: start.offset)
            }
            return try tree(.field(name))
        case .star: return try valueProjection(of: try tree(.current))
        case .filter: return try filter(try tree(.current))
        case .flatten: return try flattened(try tree(.current))
        case .leftBrace: return try hash()
        case .leftBracket: return try bracket()
        case .not:
            let operand = try expression(BindingPower.not)
            return try tree(.not(operand.expression), over: [operand])
        case .leftParenthesis:
            let inner = try expression(0)
            try expect(.rightParenthesis)
            return inner
        case .reference:
            throw QueryError(.syntax, "& stands before an argument of a function only", at: start.offset)
        default: throw unexpected(start)
        }
    }

    /// What goes on with an expression.
    private mutating func infix(_ left: Tree) throws(QueryError) -> Tree {
        let start = token
        advance()
        switch start.kind {
        case .dot:
            if case .star = token.kind {
                advance()
                return try valueProjection(of: left)
            }
            return try chain(left, try afterDot(BindingPower.dot))
        case .pipe:
            let right = try expression(BindingPower.pipe)
            return try row(
                left, right, parts: { if case .pipe(let parts) = $0 { parts } else { nil } }, make: { .pipe($0) })
        case .or:
            let right = try expression(BindingPower.or)
            return try row(
                left, right, parts: { if case .or(let parts) = $0 { parts } else { nil } }, make: { .or($0) })
        case .and:
            let right = try expression(BindingPower.and)
            return try row(
                left, right, parts: { if case .and(let parts) = $0 { parts } else { nil } }, make: { .and($0) })
        case .comparison(let comparison):
            let right = try expression(BindingPower.comparison)
            return try tree(.comparison(comparison, left.expression, right.expression), over: [left, right])
        case .flatten: return try flattened(left)
        case .filter: return try filter(left)
        case .leftBracket: return try selection(from: left)
        default: throw unexpected(start)
        }
    }

    /// What may follow a dot: a name, a call, or a multi-select.
    private mutating func afterDot(_ power: Int) throws(QueryError) -> Tree {
        switch token.kind {
        case .identifier, .quotedIdentifier, .star: return try expression(power)
        case .leftBracket:
            advance()
            return try list()
        case .leftBrace:
            advance()
            return try hash()
        default: throw unexpected()
        }
    }

    // MARK: Projections

    /// What is applied to each element of a projection.
    private mutating func projected(_ power: Int) throws(QueryError) -> Tree {
        if token.bindingPower < BindingPower.projectionStop { return try tree(.current) }
        switch token.kind {
        case .leftBracket, .filter: return try expression(power)
        case .dot:
            advance()
            return try afterDot(power)
        default: throw unexpected()
        }
    }

    private mutating func valueProjection(of left: Tree) throws(QueryError) -> Tree {
        let each = try projected(BindingPower.star)
        return try tree(.valueProjection(left.expression, each: each.expression), over: [left, each])
    }

    private mutating func flattened(_ left: Tree) throws(QueryError) -> Tree {
        let each = try projected(BindingPower.flatten)
        let flat = try tree(.flatten(left.expression), over: [left])
        return try tree(.projection(flat.expression, each: each.expression), over: [flat, each])
    }

    private mutating func filter(_ left: Tree) throws(QueryError) -> Tree {
        let condition = try expression(0)
        try expect(.rightBracket)
        let each: Tree
        if case .flatten = token.kind { each = try tree(.current) } else { each = try projected(BindingPower.filter) }
        return try tree(
            .filterProjection(left.expression, condition: condition.expression, each: each.expression),
            over: [left, condition, each])
    }

    // MARK: Brackets

    /// Behind `[` where an expression begins: an index, a slice, `*` or a multi-select list.
    private mutating func bracket() throws(QueryError) -> Tree {
        switch token.kind {
        case .integer, .colon: return try selection(from: try tree(.current))
        case .star:
            guard case .rightBracket = following.kind else { return try list() }
            return try selection(from: try tree(.current))
        default: return try list()
        }
    }

    /// Behind `[` where an expression goes on: an index, a slice or `*`.
    private mutating func selection(from left: Tree) throws(QueryError) -> Tree {
        switch (token.kind, following.kind) {
        case (.colon, _), (.integer, .colon):
            let slice = try tree(.slice(try self.slice()))
            let selected = try chain(left, slice)
            let each = try projected(BindingPower.star)
            return try tree(.projection(selected.expression, each: each.expression), over: [selected, each])
        case (.integer(let index), _):
            advance()
            try expect(.rightBracket)
            return try chain(left, try tree(.index(index)))
        default:
            try expect(.star)
            try expect(.rightBracket)
            let each = try projected(BindingPower.star)
            return try tree(.projection(left.expression, each: each.expression), over: [left, each])
        }
    }

    private mutating func slice() throws(QueryError) -> Slice {
        let offset = token.offset
        var parts: [Int?] = [nil]
        while true {
            if case .integer(let part) = token.kind {
                parts[parts.count - 1] = part
                advance()
            }
            guard case .colon = token.kind, parts.count < 3 else { break }
            parts.append(nil)
            advance()
        }
        try expect(.rightBracket)
        let step = parts.count > 2 ? parts[2] ?? 1 : 1
        guard step != 0 else { throw QueryError(.invalidValue, "a slice cannot have the step 0", at: offset) }
        return Slice(start: parts[0], stop: parts[1], step: step)
    }

    // MARK: Multi-select and calls

    /// Behind `[`.
    private mutating func list() throws(QueryError) -> Tree {
        var parts: [Tree] = []
        repeat { parts.append(try expression(0)) } while takeComma()
        try expect(.rightBracket)
        return try tree(.list(parts.map(\.expression)), over: parts)
    }

    /// Behind `{`.
    private mutating func hash() throws(QueryError) -> Tree {
        var keys: [String] = []
        var parts: [Tree] = []
        repeat {
            switch token.kind {
            case .identifier(let key), .quotedIdentifier(let key): keys.append(key)
            default: throw unexpected()
            }
            advance()
            try expect(.colon)
            parts.append(try expression(0))
        } while takeComma()
        guard case .rightBrace = token.kind else { throw unexpected() }
        advance()
        let members = zip(keys, parts).map { HashMember(key: $0, value: $1.expression) }
        return try tree(.hash(members), over: parts)
    }

    private mutating func takeComma() -> Bool {
        guard case .comma = token.kind else { return false }
        advance()
        return true
    }

    /// Behind the function's name.
    private mutating func call(_ name: String, at offset: Int) throws(QueryError) -> Tree {
        try expect(.leftParenthesis)
        var parts: [Tree] = []
        var arguments: [ArgumentExpression] = []
        while true {
            if case .rightParenthesis = token.kind, parts.isEmpty { break }
            var isReference = false
            if case .reference = token.kind {
                isReference = true
                advance()
            }
            let part = try expression(0)
            arguments.append(isReference ? .reference(part.expression) : .value(part.expression))
            parts.append(part)
            guard takeComma() else { break }
        }
        try expect(.rightParenthesis)
        let function = try functions.function(named: name, arguments: arguments.count, at: offset)
        if let index = function.patternIndex, case .value(.literal(let literal)) = arguments[index],
            let text = literal.string
        {
            do {
                arguments[index] = .pattern(try Pattern(text))
            } catch {
                throw QueryError(.invalidValue, "the pattern of \(name)() is malformed: \(error);", at: offset)
            }
        }
        return try tree(.call(function, arguments), over: parts)
    }
}
