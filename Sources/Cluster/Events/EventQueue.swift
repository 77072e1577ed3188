import Synchronization

/// What waits to be written as Events: equal drafts are counted, and there is room for so many.
final class EventQueue: Sendable {
    /// An Event as it is to be written now.
    struct Item: Sendable, Equatable {
        let draft: EventDraft
        /// How often it happened since ``first``.
        let count: Int
        /// Unix seconds.
        let first: Int
        let last: Int
    }

    private struct Entry {
        let order: Int
        let first: Int
        var last: Int
        var count: Int
        var writtenCount = 0
        var writtenAt = 0

        var isWaiting: Bool { count > writtenCount }
    }

    private struct State {
        var entries: [EventDraft: Entry] = [:]
        var nextOrder = 0
        var waiting = 0
        var dropped = 0
    }

    private let state = Mutex(State())

    /// Drafts that are remembered at once. A message has up to 1,000 characters: two megabytes at the worst.
    static let capacity = 2_000
    /// How long equal drafts are one Event, in seconds; as long as client-go's.
    static let window = 600
    /// How long the count of an Event that is there already stays as it is, in seconds.
    static let recount = 10

    /// Drafts that found no room.
    var dropped: Int { state.withLock { $0.dropped } }

    func add(_ draft: EventDraft, at now: Int) {
        state.withLock { state in
            if var entry = state.entries[draft], now - entry.first < Self.window || entry.isWaiting {
                if !entry.isWaiting { state.waiting += 1 }
                entry.count += 1
                entry.last = now
                state.entries[draft] = entry
                return
            }
            if state.entries[draft] == nil, state.entries.count >= Self.capacity {
                // What is written is remembered for its count alone.
                state.entries = state.entries.filter { $0.value.isWaiting }
                guard state.entries.count < Self.capacity else {
                    state.dropped += 1
                    return
                }
            }
            state.entries[draft] = Entry(order: state.nextOrder, first: now, last: now, count: 1)
            state.nextOrder += 1
            state.waiting += 1
        }
    }

    /// What is to be written now, the oldest first.
    func due(at now: Int, limit: Int) -> [Item] {
        state.withLock { state in
            guard state.waiting > 0, limit > 0 else { return [] }
            let due = state.entries.filter { _, entry in
                entry.isWaiting && (entry.writtenCount == 0 || now - entry.writtenAt >= Self.recount)
            }
            return due.sorted { $0.value.order < $1.value.order }.prefix(limit).map { draft, entry in
                Item(draft: draft, count: entry.count, first: entry.first, last: entry.last)
            }
        }
    }

    /// Takes note that an item is written, or given up.
    func finish(_ item: Item, at now: Int) {
        state.withLock { state in
            guard var entry = state.entries[item.draft], entry.isWaiting else { return }
            entry.writtenCount = item.count
            entry.writtenAt = now
            if !entry.isWaiting { state.waiting -= 1 }
            state.entries[item.draft] = entry
        }
    }
}
