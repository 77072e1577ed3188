/// Why a rule could not be decided for a request: one sentence for the person who sent it.
///
/// An error of the rule, which is denied where the rule enforces, and never a reason to pass over the rule.
public struct RuleFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }

    public init(_ failure: FactFailure) { description = failure.description }
}
