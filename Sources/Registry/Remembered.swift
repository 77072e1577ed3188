/// A bounded memory of things that expire. When it is full, what expires first makes room.
///
/// Where things differ in size, their costs in all are bounded as well.
struct Remembered<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let expires: ContinuousClock.Instant
        let cost: Int
    }

    private var entries: [Key: Entry] = [:]
    private(set) var cost = 0
    private let capacity: Int
    private let budget: Int

    /// - Parameter budget: what all entries cost at most together.
    init(capacity: Int, budget: Int = .max) {
        self.capacity = capacity
        self.budget = budget
    }

    var count: Int { entries.count }

    func value(for key: Key, at now: ContinuousClock.Instant) -> Value? {
        guard let entry = entries[key], entry.expires > now else { return nil }
        return entry.value
    }

    mutating func remember(
        _ value: Value, cost: Int = 0, for key: Key, until expires: ContinuousClock.Instant,
        now: ContinuousClock.Instant
    ) {
        forget(key)
        guard cost <= budget else { return }
        if !hasRoom(for: cost) {
            for (key, entry) in entries where entry.expires <= now { forget(key) }
        }
        while !hasRoom(for: cost), let first = entries.min(by: { $0.value.expires < $1.value.expires })?.key {
            forget(first)
        }
        entries[key] = Entry(value: value, expires: expires, cost: cost)
        self.cost += cost
    }

    private func hasRoom(for cost: Int) -> Bool { entries.count < capacity && self.cost <= budget - cost }

    mutating func forget(_ key: Key) { cost -= entries.removeValue(forKey: key)?.cost ?? 0 }
}
