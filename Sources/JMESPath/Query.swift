/// A JMESPath query, parsed once.
///
/// Whatever can be wrong with a query without data is found when it is parsed: its grammar, unknown functions, and how
/// many arguments they take.
///
/// Source: JMESPath specification; spec/verify-images.md, "Conditions and variables".
public struct Query: Sendable, CustomStringConvertible {
    /// The longest query, in bytes: those that people write stay below a tenth.
    public static let maximumLength = 16 << 10

    /// How many expressions may lie inside one another: as many as values in JSON. Evaluation recurses this deep.
    public static let maximumDepth = 128

    /// How many expressions may follow one another (`a.b.c`, `a || b || c`): fifty times what people write.
    public static let maximumRowLength = 1000

    /// The query as written.
    public let text: String
    let expression: Expression

    /// - Throws: ``QueryError``.
    public init(parsing text: String, functions: Functions = .kyverno) throws(QueryError) {
        self.text = text
        self.expression = try Parser.parse(text, functions: functions)
    }

    public var description: String { text }

    /// What the query yields for `input`; null where it names what is not there, as the specification has it.
    ///
    /// - Throws: ``EvaluationError``.
    public func evaluate(
        _ input: Node,
        environment: Environment = .system,
        budget: Budget = .standard
    ) throws(EvaluationError) -> Node {
        try resolve(input, environment: environment, budget: budget) ?? .null
    }

    /// What the query yields for `input`, or nil where it names a member that its object does not have.
    ///
    /// In a policy, a variable that is undefined is an error, and one that is null is not. A missing member is undefined
    /// in a path (`a.b.c`) and on the right of `&&`; anything else that it is handed to (`||`, comparisons, functions,
    /// pipes, projections, multi-selects) sees null.
    ///
    /// - Throws: ``EvaluationError``.
    public func resolve(
        _ input: Node,
        environment: Environment = .system,
        budget: Budget = .standard
    ) throws(EvaluationError) -> Node? {
        var evaluation = Evaluation(environment: environment, budget: budget)
        return try evaluation.resolve(expression, input)
    }
}
