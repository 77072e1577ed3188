import Synchronization

/// Work under way that several callers wait for, each until a deadline of its own.
///
/// Callers wait on the flight and never on the task that does the work: awaiting a task ignores cancellation, and a
/// group around it would outlive the deadline. Whoever's deadline passes leaves, and the work goes on.
final class Flight<Value: Sendable>: Sendable {
    /// Somebody who waits: until a deadline, and then gets nil, or to the end.
    private enum Waiter {
        case hurried(CheckedContinuation<Value?, Never>)
        case patient(CheckedContinuation<Value, Never>)

        func resume(_ value: Value) {
            switch self {
            case .hurried(let continuation): continuation.resume(returning: value)
            case .patient(let continuation): continuation.resume(returning: value)
            }
        }
    }

    private struct State {
        var landed: Value?
        var waiters: [Int: Waiter] = [:]
        var nextTicket = 0
    }

    private let state = Mutex(State())

    /// Gives the result to everybody who waits, and to everybody who comes later. Only the first result counts.
    func land(_ value: Value) {
        let waiters = state.withLock { state -> [Int: Waiter] in
            guard state.landed == nil else { return [:] }
            state.landed = value
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(value) }
    }

    /// The result; nil when the deadline passed first.
    func value(before deadline: ContinuousClock.Instant, by time: Timekeeper) async -> Value? {
        var timer: Task<Void, Never>?
        let value = await withCheckedContinuation { continuation in
            guard let ticket = enter(.hurried(continuation)) else { return }
            timer = Task {
                await time.sleep(deadline)
                leave(ticket)
            }
        }
        timer?.cancel()
        return value
    }

    /// The result, however long it takes: for work that is itself bounded in time.
    func value() async -> Value {
        await withCheckedContinuation { continuation in _ = enter(.patient(continuation)) }
    }

    /// - Returns: a ticket to leave with; nil when the flight had landed, and the waiter was given its result.
    private func enter(_ waiter: Waiter) -> Int? {
        let (ticket, landed) = state.withLock { state -> (Int?, Value?) in
            if let landed = state.landed { return (nil, landed) }
            state.nextTicket += 1
            state.waiters[state.nextTicket] = waiter
            return (state.nextTicket, nil)
        }
        if let landed { waiter.resume(landed) }
        return ticket
    }

    private func leave(_ ticket: Int) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: ticket) }
        if case .hurried(let continuation) = waiter { continuation.resume(returning: nil) }
    }
}

/// At most one flight for each key, and a bounded number of them.
final class Flights<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let underWay = Mutex<[Key: Flight<Value>]>([:])
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { underWay.withLock { $0.count } }

    /// Joins the flight for `key`, or starts it.
    ///
    /// - Parameter work: bounded in time by itself; it runs to its end whoever waits.
    /// - Returns: nil when too many flights are under way.
    func join(_ key: Key, _ work: @escaping @Sendable () async -> Value) -> Flight<Value>? {
        let (flight, isNew) = underWay.withLock { underWay -> (Flight<Value>?, Bool) in
            if let flight = underWay[key] { return (flight, false) }
            guard underWay.count < limit else { return (nil, false) }
            let flight = Flight<Value>()
            underWay[key] = flight
            return (flight, true)
        }
        if isNew, let flight {
            Task {
                let value = await work()
                // Taken off the table first: whoever comes now asks the memory that the work has written to.
                underWay.withLock { $0[key] = nil }
                flight.land(value)
            }
        }
        return flight
    }
}
