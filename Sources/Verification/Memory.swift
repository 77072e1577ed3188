import Synchronization

/// A bounded map whose entries expire.
///
/// When it is full, a hand goes round the entries and takes the place of the first that has not been asked for since
/// the hand last passed (the clock algorithm): what is used stays, and looking up moves nothing. Every operation takes
/// a lock for well under a microsecond, except that a hand may once in a while have to go round all entries.
///
/// Where entries differ in size, their costs in all are bounded as well.
final class Memory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let key: Key
        let value: Value
        let cost: Int
        let expires: ContinuousClock.Instant
        var isUsed: Bool
    }

    private struct State: Sendable {
        var entries: [Entry] = []
        /// Where in ``entries`` each key's is.
        var places: [Key: Int] = [:]
        var hand = 0
        var cost = 0

        func cost(of key: Key) -> Int { places[key].map { entries[$0].cost } ?? 0 }

        mutating func put(_ entry: Entry, at place: Int) {
            places[entries[place].key] = nil
            cost += entry.cost - entries[place].cost
            places[entry.key] = place
            entries[place] = entry
        }

        /// The last entry takes the place of the one that goes.
        mutating func remove(at place: Int) {
            places[entries[place].key] = nil
            cost -= entries[place].cost
            let last = entries.removeLast()
            if place < entries.count {
                entries[place] = last
                places[last.key] = place
            }
            hand = entries.isEmpty ? 0 : hand % entries.count
        }
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let budget: Int
    private let maximumCost: Int

    /// - Parameters:
    ///   - capacity: the most entries; with 0 nothing is remembered.
    ///   - budget: what the entries cost at most, all together.
    ///   - maximumCost: what costs more is not remembered.
    init(capacity: Int, budget: Int = .max, maximumCost: Int = .max) {
        self.capacity = max(0, capacity)
        self.budget = budget
        self.maximumCost = min(maximumCost, budget)
    }

    /// How many entries are held, expired ones included.
    var count: Int { state.withLock { $0.entries.count } }

    /// What they cost in all.
    var cost: Int { state.withLock { $0.cost } }

    func value(for key: Key, at now: ContinuousClock.Instant) -> Value? {
        state.withLock { state in
            guard let place = state.places[key], state.entries[place].expires > now else { return nil }
            state.entries[place].isUsed = true
            return state.entries[place].value
        }
    }

    /// - Parameter now: what has expired by now gives up its place first.
    func remember(
        _ value: Value, cost: Int = 0, for key: Key, at now: ContinuousClock.Instant, lasting duration: Duration
    ) {
        guard capacity > 0 else { return }
        let entry = Entry(key: key, value: value, cost: cost, expires: now + duration, isUsed: false)
        state.withLock { state in
            guard cost <= maximumCost else {
                // What was remembered before is no longer so.
                if let place = state.places[key] { state.remove(at: place) }
                return
            }
            while state.cost - state.cost(of: key) + cost > budget { state.remove(at: Self.freePlace(&state, at: now)) }
            if let place = state.places[key] {
                state.put(entry, at: place)
            } else if state.entries.count < capacity {
                state.places[key] = state.entries.count
                state.entries.append(entry)
                state.cost += cost
            } else {
                state.put(entry, at: Self.freePlace(&state, at: now))
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
