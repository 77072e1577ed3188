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
        /// When it was written last, or could not be.
        var triedAt: Int?
        /// How often it could not be written in a row.
        var failures = 0

        var isWaiting: Bool { count > writtenCount }
        /// A number nobody has read is more urgent than one that is higher now.
        var turn: (Int, Int) { (writtenCount > 0 ? 1 : 0, order) }
    }

    /// What is told in different messages.
    private struct Topic: Hashable {
        let subject: EventDraft.Subject
        let reason: EventDraft.Reason

        init(_ draft: EventDraft) { (subject, reason) = (draft.subject, draft.reason) }
    }

    private struct State {
        var entries: [EventDraft: Entry] = [:]
        /// How many messages there were on a topic, since when.
        var topics: [Topic: (messages: Int, since: Int)] = [:]
        var nextOrder = 0
        var waiting = 0
        var dropped = 0
    }

    private let state = Mutex(State())

    /// Drafts that are remembered at once. A message has up to 1,000 characters: two megabytes at the worst.
    static let capacity = 2_000
    /// How long equal drafts are one Event, in seconds; as long as client-go's.
    static let window = 600
    /// How long the count of an Event that is there already stays as it is, in seconds; and how long it takes until one
    /// that could not be written is tried again.
    static let recount = 10
    /// Different messages on a topic in a window that are told apart; as many as client-go does.
    static let maximumMessages = 10
    /// How often an Event is tried that the API server fails at: for longer than it takes to start anew.
    static let maximumFailures = 10

    /// Drafts that found no room.
    var dropped: Int { state.withLock { $0.dropped } }

    func add(_ draft: EventDraft, at now: Int) {
        state.withLock { state in
            let draft = Self.combined(draft, at: now, in: &state)
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

    /// The draft, or what stands for it where there are too many like it: a flood of denials, each of another object,
    /// would fill the list of Events and tell nobody anything.
    private static func combined(_ draft: EventDraft, at now: Int, in state: inout State) -> EventDraft {
        if let entry = state.entries[draft], now - entry.first < window || entry.isWaiting { return draft }
        let topic = Topic(draft)
        var known = state.topics[topic] ?? (0, now)
        if now - known.since >= window { known = (0, now) }
        guard known.messages < maximumMessages else { return draft.combined }
        known.messages += 1
        if state.topics[topic] == nil, state.topics.count >= capacity {
            state.topics = state.topics.filter { now - $0.value.since < window }
            if state.topics.count >= capacity { state.topics = [:] }
        }
        state.topics[topic] = known
        return draft
    }

    /// What is to be written now: what nobody has heard of first, then what has another count; of each the oldest.
    func due(at now: Int, limit: Int) -> [Item] {
        state.withLock { state in
            guard state.waiting > 0, limit > 0 else { return [] }
            let due = state.entries.filter { _, entry in
                entry.isWaiting && (entry.triedAt.map { now - $0 >= Self.recount } ?? true)
            }
            return due.sorted { $0.value.turn < $1.value.turn }.prefix(limit).map { draft, entry in
                Item(draft: draft, count: entry.count, first: entry.first, last: entry.last)
            }
        }
    }

    /// Takes note that an item is written, or given up.
    func finish(_ item: Item, at now: Int) {
        state.withLock { state in
            guard var entry = state.entries[item.draft], entry.isWaiting else { return }
            entry.writtenCount = item.count
            (entry.triedAt, entry.failures) = (now, 0)
            if !entry.isWaiting { state.waiting -= 1 }
            state.entries[item.draft] = entry
        }
    }

    /// Takes note that an item could not be written: it has another turn after a while.
    ///
    /// - Returns: whether it is given up now.
    func postpone(_ item: Item, at now: Int) -> Bool {
        let isGivenUp = state.withLock { state in
            guard var entry = state.entries[item.draft], entry.isWaiting else { return false }
            (entry.triedAt, entry.failures) = (now, entry.failures + 1)
            state.entries[item.draft] = entry
            return entry.failures >= Self.maximumFailures
        }
        if isGivenUp { finish(item, at: now) }
        return isGivenUp
    }
}
