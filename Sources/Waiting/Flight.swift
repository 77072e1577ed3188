import Synchronization

/// A result that is on its way, and that several tasks may wait for, each until its own deadline.
///
/// Waiting never depends on the task that makes the result: a waiter leaves at its deadline or when it is cancelled, and
/// the work goes on for the others.
public final class Flight<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// Gives the result to all who wait and who will ask. Only the first call counts.
    public func land(_ value: Value) {
        let waiters = state.withLock { state in
            guard state.value == nil else { return [Int: CheckedContinuation<Value?, Never>]() }
            state.value = value
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: value) }
    }

    /// The result; nil when `deadline` passed or the calling task was cancelled first.
    public func value(until deadline: ContinuousClock.Instant) async -> Value? {
        if let value = state.withLock(\.value) { return value }
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Task {
            await AlarmClock.shared.sleep(until: deadline)
            leave(id)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Checked under the lock: a timer or a cancellation that came too early to find the waiter is seen here,
                // and one that comes later finds it.
                let answer: Value?? = state.withLock { state in
                    if let value = state.value { return .some(value) }
                    if Task.isCancelled || deadline <= .now { return .some(nil) }
                    state.waiters[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            leave(id)
        }
    }

    private func leave(_ id: Int) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(returning: nil)
    }
}

/// Work by key, done once for all who want it at the same time.
public final class Flights<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let flights = Mutex<[Key: Flight<Value>]>([:])

    public init() {}

    /// What `work` returns, or what the work that is under way for `key` will; nil when `deadline` passed or the calling
    /// task was cancelled first. Work goes on without those who left, so it needs its own bound on time.
    public func value(
        for key: Key, until deadline: ContinuousClock.Instant, work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (flight, isNew) = flights.withLock { flights in
            if let flight = flights[key] { return (flight, false) }
            let flight = Flight<Value>()
            flights[key] = flight
            return (flight, true)
        }
        if isNew {
            Task {
                let value = await work()
                flights.withLock { $0[key] = nil }
                flight.land(value)
            }
        }
        return await flight.value(until: deadline)
    }
}
