/// Why a query yields nothing for an input.
public struct EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of errors that the JMESPath specification names, and our bounds.
    public enum Kind: String, Sendable, Hashable {
        case invalidType = "invalid-type"
        case invalidValue = "invalid-value"
        /// Beyond the ``Budget``.
        case tooExpensive = "too-expensive"
    }

    public let kind: Kind
    public let reason: String

    init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    public var description: String { reason }
}
