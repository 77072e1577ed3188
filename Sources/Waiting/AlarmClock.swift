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
        var isTicking = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Well below the margin that is left between a webhook's deadline and the API server's (100 ms at the least).
    private static let tick = Duration.milliseconds(20)

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
                if isAsleep { startTicking() } else { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: ticket) }
            sleeper?.continuation.resume()
        }
    }

    private func startTicking() {
        let starts = state.withLock { state in
            defer { state.isTicking = true }
            return !state.isTicking
        }
        guard starts else { return }
        Task.detached {
            repeat { try? await Task.sleep(for: Self.tick) } while self.wakeDueSleepers()
        }
    }

    /// - Returns: whether somebody sleeps on.
    private func wakeDueSleepers() -> Bool {
        let now = ContinuousClock.now
        let (due, goesOn) = state.withLock { state in
            let due = state.sleepers.filter { $0.value.until <= now }
            for ticket in due.keys { state.sleepers[ticket] = nil }
            state.isTicking = !state.sleepers.isEmpty
            return (due, state.isTicking)
        }
        for sleeper in due.values { sleeper.continuation.resume() }
        return goesOn
    }
}
