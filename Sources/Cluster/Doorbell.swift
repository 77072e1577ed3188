import Synchronization
import Waiting

/// Wakes one waiter: rung any number of times before it wakes, it wakes once; rung while nobody waits, the next wait
/// ends at once.
final class Doorbell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            state.isRung = state.waiter == nil
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when it rings, at the instant, or when the task is cancelled; one task at a time may wait.
    func wait(until instant: ContinuousClock.Instant? = nil) async {
        let timer = instant.map { instant in
            Task {
                await AlarmClock.shared.sleep(until: instant)
                // A cancelled sleep returns early.
                if !Task.isCancelled { ring() }
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    defer { state.isRung = false }
                    if !state.isRung && !Task.isCancelled { state.waiter = continuation }
                    return state.waiter == nil
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
        timer?.cancel()
    }
}
