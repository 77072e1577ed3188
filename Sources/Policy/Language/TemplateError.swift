import JMESPath

/// Why a text with variables (`{{ … }}`) cannot be compiled, in words that fit behind a field's path and a colon.
struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ query: String, _ error: QueryError) { description = "the variable {{ \(query) }} is no query: \(error)" }
}
