/// One request to a registry or its token server, for whoever counts them.
public struct RegistryObservation: Sendable {
    public enum Outcome: Sendable, Hashable {
        /// An answer, with its HTTP status.
        case status(Int)
        case timedOut
        case unreachable
        /// The answer was too large, cut short or no HTTP.
        case unusable
        case cancelled
    }

    /// `host[:port]` as the request named it; comes from image references, so whoever keeps it bounds it.
    public let host: String
    public let outcome: Outcome
    public let duration: Duration
}
