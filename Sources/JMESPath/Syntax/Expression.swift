import RegularExpression

/// A query as a tree, with functions already found and their arguments counted.
indirect enum Expression: Sendable {
    /// `@`
    case current
    case field(String)
    case index(Int)
    case slice(Slice)
    case literal(Node)
    /// `a.b[0].c`: each part reads what the one before it yields.
    case chain([Expression])
    /// `a | b`: likewise, and it ends projections, and what is undefined before it is null.
    case pipe([Expression])
    case or([Expression])
    case and([Expression])
    case not(Expression)
    case comparison(Comparison, Expression, Expression)
    case list([Expression])
    case hash([HashMember])
    case call(Function, [ArgumentExpression])
    /// `left[]` without what follows it.
    case flatten(Expression)
    /// `left[*].right`, and what slices and flattening project.
    case projection(Expression, each: Expression)
    /// `left.*.right`
    case valueProjection(Expression, each: Expression)
    /// `left[?condition].right`
    case filterProjection(Expression, condition: Expression, each: Expression)
}

/// A member that a multi-select hash makes.
struct HashMember: Sendable {
    let key: String
    let value: Expression
}

enum ArgumentExpression: Sendable {
    case value(Expression)
    /// `&expression`, which the function evaluates itself.
    case reference(Expression)
    /// A regular expression that the query has as a literal.
    case pattern(Pattern)
}
