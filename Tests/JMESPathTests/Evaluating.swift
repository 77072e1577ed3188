import JMESPath
import JSON

/// Small words for tests that evaluate queries.
enum Evaluating {
    /// 2026-11-23T02:30:00.5+01:00, and bits that count up.
    static let environment = Environment(
        now: { Timestamp(seconds: 1_795_397_400, nanoseconds: 500_000_000, offset: 3_600) }, random: { 7 })

    /// What a query yields for a document, as JSON without white space.
    static func json(
        _ query: String,
        _ input: String = "null",
        budget: Budget = .standard
    ) throws -> String {
        let document = try Document(text: input)
        return try Query(parsing: query).evaluate(Node(document.root), environment: environment, budget: budget).json
    }

    /// The kind of error that a query is or makes; nil where it yields something.
    static func error(_ query: String, _ input: String = "null", budget: Budget = .standard) -> String? {
        do {
            _ = try json(query, input, budget: budget)
            return nil
        } catch let error as QueryError {
            return error.kind.rawValue
        } catch let error as EvaluationError {
            return error.kind.rawValue
        } catch {
            return "\(error)"
        }
    }
}
