import Synchronization

/// A bounded map whose entries expire.
///
/// Two generations: entries are written to the young one, and when that holds half of what may be held, it becomes the
/// old one and the old one is forgotten, except for what was asked for meanwhile and so moved over. Every operation is
/// O(1), and takes a lock for well under a microsecond.
final class Memory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        let expires: ContinuousClock.Instant
    }

    private struct Generations: Sendable {
        var young: [Key: Entry] = [:]
        var old: [Key: Entry] = [:]
    }

    private let generations = Mutex(Generations())
    private let capacity: Int
    private let youngCapacity: Int

    /// - Parameter capacity: the most entries; with 0 nothing is remembered.
    init(capacity: Int) {
        self.capacity = max(0, capacity)
        youngCapacity = max(1, capacity / 2)
    }

    /// How many entries are held, expired ones included.
    var count: Int { generations.withLock { $0.young.count + $0.old.count } }

    func value(for key: Key, at now: ContinuousClock.Instant) -> Value? {
        let (entry, forgotten): (Entry?, [Key: Entry]) = generations.withLock { generations in
            if let entry = generations.young[key] { return (entry, [:]) }
            guard let entry = generations.old.removeValue(forKey: key), entry.expires > now else { return (nil, [:]) }
            return (entry, insert(entry, for: key, into: &generations))
        }
        // What was forgotten is freed here, outside of the lock.
        _ = forgotten
        guard let entry, entry.expires > now else { return nil }
        return entry.value
    }

    func remember(_ value: Value, for key: Key, until expires: ContinuousClock.Instant) {
        guard capacity > 0 else { return }
        let forgotten = generations.withLock { generations in
            generations.old[key] = nil
            return insert(Entry(value: value, expires: expires), for: key, into: &generations)
        }
        _ = forgotten
    }

    /// - Returns: the generation that was forgotten, for the caller to free.
    private func insert(_ entry: Entry, for key: Key, into generations: inout Generations) -> [Key: Entry] {
        var forgotten: [Key: Entry] = [:]
        if generations.young.count >= youngCapacity, generations.young[key] == nil {
            forgotten = generations.old
            generations.old = capacity > 1 ? generations.young : [:]
            generations.young = [:]
        }
        generations.young[key] = entry
        return forgotten
    }
}
