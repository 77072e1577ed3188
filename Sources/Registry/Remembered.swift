/// A bounded memory of things that expire. When it is full, what expires first makes room.
struct Remembered<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let expires: ContinuousClock.Instant
    }

    private var entries: [Key: Entry] = [:]
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { entries.count }

    func value(for key: Key, at now: ContinuousClock.Instant) -> Value? {
        guard let entry = entries[key], entry.expires > now else { return nil }
        return entry.value
    }

    mutating func remember(
        _ value: Value, for key: Key, until expires: ContinuousClock.Instant, now: ContinuousClock.Instant
    ) {
        if entries[key] == nil && entries.count >= capacity {
            entries = entries.filter { $0.value.expires > now }
            if entries.count >= capacity, let first = entries.min(by: { $0.value.expires < $1.value.expires })?.key {
                entries[first] = nil
            }
        }
        entries[key] = Entry(value: value, expires: expires)
    }

    mutating func forget(_ key: Key) { entries[key] = nil }
}
