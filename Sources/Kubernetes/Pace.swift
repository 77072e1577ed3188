/// How quickly something is asked again that did not go well. A value, so that tests are quick.
public struct Pace: Sendable {
    /// After a first failure. It doubles with each that follows, up to ``longestDelay``.
    public var firstDelay: Duration
    public var longestDelay: Duration
    /// Between questions for a type that the API server does not have (yet).
    public var absentDelay: Duration
    /// A watch that lasted this long was a good one: what comes after it is a first failure.
    public var steadyTime: Duration
    /// A factor on each delay, so that replicas that lost one server do not come back to it all at once.
    public var jitter: @Sendable () -> Double
    /// Returns early when the task is cancelled.
    public var sleep: @Sendable (Duration) async -> Void

    /// An API server that restarts is found again within five seconds; a watch that is cut loses a tenth of one.
    public static let standard = Pace(
        firstDelay: .milliseconds(100), longestDelay: .seconds(5), absentDelay: .seconds(2),
        steadyTime: .milliseconds(500))

    public init(
        firstDelay: Duration, longestDelay: Duration, absentDelay: Duration, steadyTime: Duration,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0.5...1) },
        // These are pauses of seconds between rare attempts: what a cancelled one leaves behind is gone in seconds.
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.absentDelay = absentDelay
        self.steadyTime = steadyTime
        self.jitter = jitter
        self.sleep = sleep
    }

    /// How long to wait after as many failures in a row.
    public func delay(afterFailures count: Int) -> Duration {
        // 2^16 first delays are beyond any longest delay.
        let doublings = min(max(count - 1, 0), 16)
        return min(firstDelay * (1 << doublings), longestDelay) * jitter()
    }
}
