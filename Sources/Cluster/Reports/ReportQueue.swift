import Policy
import Synchronization

/// What waits to be written into reports as objects are admitted: of each object what was said last, and there is room
/// for so much.
final class ReportQueue: Sendable {
    struct Item: Sendable {
        let object: ObjectReference
        let content: ReportContent
        /// Those that were asked.
        let policies: PolicySnapshot
        var since: ContinuousClock.Instant
        var tries = 0

        fileprivate var key: Key { Key(uid: object.uid, policies: ObjectIdentifier(policies)) }
    }

    /// What was said under other policies may be about rules that these do not have.
    fileprivate struct Key: Hashable {
        let uid: String
        let policies: ObjectIdentifier
    }

    private struct State {
        var items: [Key: Item] = [:]
        var weight = 0
        var dropped = 0
    }

    private let state = Mutex(State())

    /// What may wait at once, in bytes; some thousand objects of a few rules.
    static let capacity = 2 << 20

    /// Items that found no room.
    var dropped: Int { state.withLock { $0.dropped } }

    func add(_ item: Item) {
        state.withLock { state in
            var item = item
            if let older = state.items.removeValue(forKey: item.key) {
                state.weight -= older.content.weight
                // An object that is sent again and again has its turn as well.
                item = Item(object: item.object, content: item.content, policies: item.policies, since: older.since)
            }
            Self.put(item, in: &state)
        }
    }

    /// Takes out what has waited long enough, the oldest first.
    func take(limit: Int, waitingSince instant: ContinuousClock.Instant) -> [Item] {
        state.withLock { state in
            guard limit > 0, !state.items.isEmpty else { return [] }
            let due = state.items.values.filter { $0.since <= instant }.sorted { $0.since < $1.since }.prefix(limit)
            for item in due {
                state.items[item.key] = nil
                state.weight -= item.content.weight
            }
            return Array(due)
        }
    }

    /// Puts back what could not be written, unless something newer was said meanwhile.
    func giveBack(_ item: Item) {
        state.withLock { state in
            if state.items[item.key] == nil { Self.put(item, in: &state) }
        }
    }

    private static func put(_ item: Item, in state: inout State) {
        let weight = item.content.weight
        guard state.weight + weight <= capacity else {
            state.dropped += 1
            return
        }
        state.weight += weight
        state.items[item.key] = item
    }
}
