/// Why a fact about the cluster is not to be had, in one sentence.
public struct FactFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// There is no such object.
        case notFound
        /// It may not be read, by this server or by this policy.
        case forbidden
        /// It could not be found out: no cluster, no answer, or no answer in time.
        case unavailable
    }

    public var kind: Kind
    /// What was asked for, as `ConfigMap prod/keys`.
    public var fact: String
    /// Why it is not to be had, in words that fit behind the fact and a colon.
    public var reason: String

    public init(_ kind: Kind, _ fact: String, _ reason: String) {
        self.kind = kind
        self.fact = fact
        self.reason = reason
    }

    public var description: String { "\(fact): \(reason)" }
}
