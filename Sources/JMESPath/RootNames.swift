extension Query {
    /// The members of its input that the query reads; nil where it takes the input as a whole (`@`), and so may read
    /// any.
    ///
    /// Names that are read of something inside the input do not count: `a.b | c` reads `a`.
    public var rootNames: Set<String>? {
        var names: Set<String> = []
        return expression.collectRootNames(into: &names) ? names : nil
    }
}

extension Expression {
    /// Adds the names that the expression reads of its input, or returns false when it takes the input as a whole.
    fileprivate func collectRootNames(into names: inout Set<String>) -> Bool {
        switch self {
        case .current:
            return false
        case .field(let name):
            names.insert(name)
            return true
        case .index, .slice, .literal:
            return true
        case .chain(let parts), .pipe(let parts):
            // What follows the first part reads what that yields.
            return parts.first?.collectRootNames(into: &names) ?? true
        case .or(let parts), .and(let parts), .list(let parts):
            return Self.collect(parts, into: &names)
        case .not(let operand):
            return operand.collectRootNames(into: &names)
        case .comparison(_, let left, let right):
            return Self.collect([left, right], into: &names)
        case .hash(let members):
            return Self.collect(members.map(\.value), into: &names)
        case .call(_, let arguments):
            return Self.collect(arguments.compactMap(\.value), into: &names)
        case .flatten(let left), .projection(let left, _), .valueProjection(let left, _),
            .filterProjection(let left, _, _):
            return left.collectRootNames(into: &names)
        }
    }

    private static func collect(_ expressions: [Expression], into names: inout Set<String>) -> Bool {
        var isKnown = true
        for expression in expressions where !expression.collectRootNames(into: &names) { isKnown = false }
        return isKnown
    }
}

extension ArgumentExpression {
    /// The expression that is evaluated against the call's own input; a reference is evaluated against elements.
    fileprivate var value: Expression? {
        if case .value(let expression) = self { return expression }
        return nil
    }
}
