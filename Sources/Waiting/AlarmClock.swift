import Synchronization

/// Wakes sleepers when their time has come, to within a tick, and lets go of cancelled ones at once.
///
/// A cancelled `Task.sleep` keeps its timer, and whatever hangs on it, until the time at which it would have ended. With
/// a deadline of seconds on every check and every request that queues, that was a hundred megabytes under load, for
/// sleepers that nobody waited for.
public final class AlarmClock: Sendable {
    /// The one that a process needs: all who sleep share its ticks.
    public static let shared = AlarmClock()

    private struct Sleeper {
        let until: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var sleepers: [Int: Sleeper] = [:]
        var nextTicket = 0
        /// When the sleepers are looked at next; nil while there is none.
        var nextLook: ContinuousClock.Instant?
        /// Which ticker looks; those before it end when their time has come.
        var ticker = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Well below the margin that is left between a webhook's deadline and the API server's (100 ms at the least).
    private static let tick = Duration.milliseconds(20)
    /// Longer than this no ticker sleeps, so that few are left over when nearer alarms come again and again.
    private static let longestPause = Duration.milliseconds(500)

    /// Returns at the instant or up to a tick later; early when the task is cancelled.
    public func sleep(until instant: ContinuousClock.Instant) async {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A cancellation that came before is seen here, under the lock; one that comes later finds the sleeper.
                let isAsleep = state.withLock { state in
                    guard !Task.isCancelled else { return false }
                    state.sleepers[ticket] = Sleeper(until: instant, continuation: continuation)
                    return true
                }
                if isAsleep { look(at: instant) } else { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: ticket) }
            sleeper?.continuation.resume()
        }
    }

    /// Sees to it that the sleepers are looked at when this one's time has come, or soon after.
    private func look(at instant: ContinuousClock.Instant) {
        let started: (ticker: Int, at: ContinuousClock.Instant)? = state.withLock { state in
            if let nextLook = state.nextLook, nextLook <= instant + Self.tick { return nil }
            state.ticker += 1
            let next = Self.nextLook(for: instant)
            state.nextLook = next
            return (state.ticker, next)
        }
        guard let started else { return }
        Task.detached {
            var next: ContinuousClock.Instant? = started.at
            while let instant = next {
                try? await Task.sleep(until: instant, clock: .continuous)
                next = self.wakeDueSleepers(started.ticker)
            }
        }
    }

    private static func nextLook(for instant: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        return min(max(instant, now + tick), now + longestPause)
    }

    /// - Returns: when this ticker looks again; nil when it is over.
    private func wakeDueSleepers(_ ticker: Int) -> ContinuousClock.Instant? {
        let now = ContinuousClock.now
        let (due, next): ([Sleeper], ContinuousClock.Instant?) = state.withLock { state in
            guard ticker == state.ticker else { return ([], nil) }
            var due: [Sleeper] = []
            var nearest: ContinuousClock.Instant?
            for (ticket, sleeper) in state.sleepers {
                if sleeper.until <= now {
                    due.append(sleeper)
                    state.sleepers[ticket] = nil
                } else {
                    nearest = min(nearest ?? sleeper.until, sleeper.until)
                }
            }
            state.nextLook = nearest.map(Self.nextLook)
            return (due, state.nextLook)
        }
        for sleeper in due { sleeper.continuation.resume() }
        return next
    }
}
