import JSON
import Kubernetes

/// One object, as its watch tells of it and as requests of our own find or leave it.
///
/// Both tell the truth, and not in step: an answer may come before the event of the same change, or after the event of
/// a later one. Whoever took the last word for the newest would overlook for good what somebody did in between.
struct TrackedObject: Sendable {
    /// When a request of ours began, in what the watch had told by then.
    struct Moment: Sendable {
        fileprivate let events: Int
        fileprivate let lists: Int
    }

    /// Nil when there is none, or before anything is known.
    private(set) var object: Value?
    /// False until the first list, or the first answer.
    private(set) var isKnown = false
    private var events = 0
    private var lists = 0
    /// The newest version that was seen since the last list.
    private var version = 0

    /// What a request that begins now has to hand in with its answer.
    var moment: Moment { Moment(events: events, lists: lists) }

    /// Takes what the watch tells, unless an answer was newer.
    ///
    /// - Returns: whether it counts.
    mutating func take(_ observation: Observation) -> Bool {
        switch observation {
        case .replaced(let objects):
            lists += 1
            // Versions begin anew where etcd was restored from a backup.
            version = objects.first.flatMap(Self.version) ?? 0
            set(objects.first)
        case .absent:
            lists += 1
            version = 0
            set(nil)
        case .changed(let changed):
            guard isNews(changed) else { return false }
            set(changed)
        case .removed(let removed):
            guard isNews(removed) else { return false }
            set(nil)
        case .stale, .current: return false
        }
        return true
    }

    /// Takes what the API server answered to a request of ours, unless the watch has told of something newer meanwhile.
    ///
    /// - Parameters:
    ///   - answer: nil when there is no such object (any more).
    ///   - moment: when the request began.
    /// - Returns: whether it counts; where it does not, the watch will have told of what was written.
    mutating func take(answer: Value?, since moment: Moment) -> Bool {
        guard events != moment.events || lists != moment.lists else {
            if let newer = answer.flatMap(Self.version) { version = newer }
            set(answer)
            return true
        }
        guard lists == moment.lists, let newer = answer.flatMap(Self.version), newer > version else { return false }
        version = newer
        set(answer)
        return true
    }

    private mutating func isNews(_ object: Value) -> Bool {
        guard let newer = Self.version(object) else {
            events += 1
            return true
        }
        guard newer >= version else { return false }
        events += 1
        version = newer
        return true
    }

    private mutating func set(_ object: Value?) {
        self.object = object
        isKnown = true
    }

    /// Versions are opaque by the book, and numbers of etcd in every API server there is; where one is not, nothing is
    /// passed over.
    private static func version(_ object: Value) -> Int? {
        object["metadata"]?["resourceVersion"]?.string.flatMap { Int($0) }
    }
}
