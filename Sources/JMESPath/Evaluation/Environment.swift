/// What a query can ask of the world around it: the time, and chance.
public struct Environment: Sendable {
    public var now: @Sendable () -> Timestamp
    /// 64 random bits.
    public var random: @Sendable () -> UInt64

    public init(now: @escaping @Sendable () -> Timestamp, random: @escaping @Sendable () -> UInt64) {
        self.now = now
        self.random = random
    }

    /// The system's clock and generator.
    public static let system = Environment(now: { .now }, random: { .random(in: .min ... .max) })
}
