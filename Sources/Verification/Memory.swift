import Synchronization

/// A bounded map whose entries expire.
///
/// When it is full, a hand goes round the entries and takes the place of the first that has not been asked for since
/// the hand last passed (the clock algorithm): what is used stays, and looking up moves nothing. Every operation takes
/// a lock for well under a microsecond, except that a hand may once in a while have to go round all entries.
final class Memory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let key: Key
        let value: Value
        let expires: ContinuousClock.Instant
        var isUsed: Bool
    }

    private struct State: Sendable {
        var entries: [Entry] = []
        /// Where in ``entries`` each key's is.
        var places: [Key: Int] = [:]
        var hand = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: the most entries; with 0 nothing is remembered.
    init(capacity: Int) { self.capacity = max(0, capacity) }

    /// How many entries are held, expired ones included.
    var count: Int { state.withLock { $0.entries.count } }

    func value(for key: Key, at now: ContinuousClock.Instant) -> Value? {
        state.withLock { state in
            guard let place = state.places[key], state.entries[place].expires > now else { return nil }
            state.entries[place].isUsed = true
            return state.entries[place].value
        }
    }

    /// - Parameter now: what has expired by now gives up its place first.
    func remember(_ value: Value, for key: Key, at now: ContinuousClock.Instant, lasting duration: Duration) {
        guard capacity > 0 else { return }
        let entry = Entry(key: key, value: value, expires: now + duration, isUsed: false)
        state.withLock { state in
            if let place = state.places[key] {
                state.entries[place] = entry
            } else if state.entries.count < capacity {
                state.places[key] = state.entries.count
                state.entries.append(entry)
            } else {
                let place = Self.freePlace(&state, at: now)
                state.places[state.entries[place].key] = nil
                state.places[key] = place
                state.entries[place] = entry
            }
        }
    }

    /// Ends within two rounds: the first one leaves nothing that is used.
    private static func freePlace(_ state: inout State, at now: ContinuousClock.Instant) -> Int {
        while true {
            let place = state.hand
            state.hand = (place + 1) % state.entries.count
            guard state.entries[place].isUsed, state.entries[place].expires > now else { return place }
            state.entries[place].isUsed = false
        }
    }
}
