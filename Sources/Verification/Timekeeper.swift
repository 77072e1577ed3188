import Glibc
import Registry

/// Where the verifier has its time from, so that tests need not wait.
public struct Timekeeper: Sendable {
    public let now: @Sendable () -> ContinuousClock.Instant
    /// Returns at the instant, or early when the task is cancelled.
    public let sleep: @Sendable (_ until: ContinuousClock.Instant) async -> Void
    /// The date, in seconds since 1970: what certificates go by.
    public let date: @Sendable () -> Int

    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (_ until: ContinuousClock.Instant) async -> Void,
        date: @escaping @Sendable () -> Int = { time(nil) }
    ) {
        self.now = now
        self.sleep = sleep
        self.date = date
    }

    public static let system = Timekeeper(
        now: { ContinuousClock.now },
        sleep: { await AlarmClock.shared.sleep(until: $0) }
    )
}
