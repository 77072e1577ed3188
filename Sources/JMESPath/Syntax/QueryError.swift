/// Why a text is not a query, and where.
public struct QueryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of errors that the JMESPath specification names, and our bounds.
    public enum Kind: String, Sendable, Hashable {
        case syntax
        case unknownFunction = "unknown-function"
        case invalidArity = "invalid-arity"
        case invalidValue = "invalid-value"
        /// Longer or deeper than ``Query`` takes.
        case tooLarge = "too-large"
    }

    public let kind: Kind
    public let reason: String
    /// In bytes, counted from 0.
    public let offset: Int

    init(_ kind: Kind, _ reason: String, at offset: Int) {
        self.kind = kind
        self.reason = reason
        self.offset = offset
    }

    /// For example `unexpected "]" at character 5`.
    public var description: String { "\(reason) at character \(offset + 1)" }
}
