import JMESPath

/// What stands between `{{` and `}}`: a query, perhaps with variables of its own inside.
///
/// Source: spec/verify-images.md, "Conditions and variables".
struct Variable: Sendable {
    /// As written, without the braces.
    let text: String
    /// What the query is made of, where there are inner variables.
    private let pieces: [QueryPiece]
    /// The query, with a placeholder for each inner variable.
    private let query: Query
    /// The names of the scope that are read, those of inner variables among them; nil when it may be any.
    let rootNames: Set<String>?
    /// The names that the value itself is taken from; what inner variables read only chooses a part of it.
    let valueNames: Set<String>?

    /// - Throws: ``TemplateError`` when it could be no query whatever the inner variables yield.
    init(text: String, pieces: [QueryPiece]) throws(TemplateError) {
        self.text = text
        let inner = pieces.flatMap(\.variables)

        // Each inner variable could yield a name, or the number 0.
        var probe = ""
        for piece in pieces { probe += piece.probe }
        let query: Query
        do throws(QueryError) {
            query = try Query(parsing: probe)
        } catch {
            throw TemplateError(text, error)
        }
        self.query = query
        self.pieces = inner.isEmpty ? [] : pieces

        // A name that a variable yields may be any.
        var names = query.rootNames
        if names?.contains(where: { $0.contains(QueryPiece.placeholder) }) == true { names = nil }
        valueNames = names
        for variable in inner {
            guard let known = names, let more = variable.rootNames else {
                names = nil
                break
            }
            names = known.union(more)
        }
        rootNames = names
    }

    /// The value, or nil where it is undefined.
    ///
    /// - Throws: ``RuleFailure`` when an inner variable is undefined, or when the query fails.
    func resolve(in scope: Scope) throws(RuleFailure) -> Node? { try scope.resolve(try query(in: scope), as: self) }

    /// What the query yields for another value than the scope, or nil where it is undefined.
    func resolve(over node: Node, in scope: Scope) throws(RuleFailure) -> Node? {
        try scope.evaluate(try query(in: scope), on: node, as: text)
    }

    /// The query, with what the inner variables yield.
    private func query(in scope: Scope) throws(RuleFailure) -> Query {
        guard !pieces.isEmpty else { return query }
        var text = ""
        for piece in pieces {
            text += try piece.text { (variable) throws(RuleFailure) in try variable.value(in: scope) }
        }
        do throws(QueryError) {
            return try Query(parsing: text)
        } catch {
            throw RuleFailure("variable {{ \(self.text) }} became no query: \(error)")
        }
    }

    /// The value; an undefined one is an error.
    func value(in scope: Scope) throws(RuleFailure) -> Node {
        if let node = try resolve(in: scope) { return node }
        throw RuleFailure("variable {{ \(text) }} is undefined; say what to take instead with ||")
    }
}

extension QueryPiece {
    fileprivate var parts: [Part] {
        switch self {
        case .text: []
        case .index(let variable): [.variable(variable)]
        case .name(let parts), .string(let parts), .literal(let parts): parts
        }
    }

    fileprivate var variables: [Variable] {
        parts.compactMap { part in
            if case .variable(let variable) = part { return variable }
            return nil
        }
    }

    /// The piece with something that its variables could yield.
    fileprivate var probe: String {
        if case .index = self { return "0" }
        let probe = { (_: Variable) throws(RuleFailure) -> Node in .string(Self.placeholder) }
        return (try? text(probe)) ?? ""
    }
}
