import JSON
import Kubernetes
import Synchronization

/// Objects of one type that policies name, each read by its name and never in lists of many.
///
/// An object that is asked for is watched from then on, alone, where that is allowed; what the watch knows is answered
/// at once. Otherwise, and while the watch is out of touch, it is read at each use: a key that was rotated must not be
/// believed any more. Where it cannot be read, what was known last serves.
final class NamedObjects: Sendable {
    /// The most objects that are watched at once: each is a stream from the API server, which one that speaks HTTP/1.1
    /// only has a connection for, and names may come from requests, by way of variables.
    static let maximumWatches = 16
    /// An object that nobody asked for so long is watched no more, and forgotten.
    static let idleTime = Duration.seconds(600)
    /// The most objects of which more is kept than a watch knows: what was read last, or that watching is refused.
    static let capacity = 64
    /// What is larger is not kept where it is not watched: keys have some hundred bytes.
    static let maximumKeptBytes = 16 << 10
    /// How long a read may take where a watch that is out of touch has left something to go on with.
    static let patience = Duration.seconds(1)
    /// The same where nothing was watched, and so nothing but the read says that the API server is in trouble.
    static let unwatchedPatience = Duration.seconds(3)
    /// When watching is tried again that was refused.
    static let retryTime = Duration.seconds(60)
    /// How long an API server may refuse us what it showed us before, as one that is starting does; after that it means
    /// what it says.
    static let refusalTime = Duration.seconds(600)

    private struct Entry {
        /// What the watch said last.
        var watched: Knowledge?
        /// What was read since the watch was current.
        var learned: Knowledge?
        /// Whether the watch tells everything: nothing has to be read.
        var isCurrent = false
        var isInTouch = false
        /// Counts how often the watch came into touch, and out of it.
        var session = 0
        /// When what is known was last known to be so.
        var confirmed: ContinuousClock.Instant
        var lastUse: ContinuousClock.Instant
        var watch: Task<Void, Never>?
        /// When watching may be tried again.
        var nextWatch: ContinuousClock.Instant?

        init(at now: ContinuousClock.Instant) { (confirmed, lastUse) = (now, now) }

        /// What to go on with when nobody can be asked. A read counts more than a watch that has to catch up, whose
        /// events may be older.
        var latest: Knowledge? {
            guard let learned, let watched else { return learned ?? watched }
            return watched.isNewer(than: learned) ? watched : learned
        }

        mutating func becomeCurrent() { (isCurrent, learned) = (true, nil) }

        mutating func turn(inTouch: Bool) {
            isInTouch = inTouch
            session += 1
        }
    }

    private struct State {
        var entries: [ObjectName: Entry] = [:]
        var isStopped = false

        /// What is kept without a watch is bounded in number and in size.
        mutating func trim() {
            for (name, entry) in entries where entry.watch == nil && !(entry.latest?.isSmall ?? true) {
                entries[name]?.watched = nil
                entries[name]?.learned = nil
            }
            let unwatched = entries.filter { $0.value.watch == nil }.sorted { $0.value.lastUse < $1.value.lastUse }
            for (name, _) in unwatched.dropLast(NamedObjects.capacity) { entries[name] = nil }
        }
    }

    private let api: any KubernetesAPI
    private let type: ResourceType
    private let pace: Pace
    private let mayWatch: @Sendable (ObjectName) -> Bool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    private let reads = SharedReads<ObjectName, Result<Value, APIFailure>>()

    /// - Parameter mayWatch: whether to try at all; what the API server then forbids is read at each use.
    init(
        _ api: any KubernetesAPI, _ type: ResourceType, pace: Pace = .standard,
        mayWatch: @escaping @Sendable (ObjectName) -> Bool = { _ in true },
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.api = api
        self.type = type
        self.pace = pace
        self.mayWatch = mayWatch
        self.now = now
    }

    /// How many objects are watched.
    var watched: Int { state.withLock { state in state.entries.values.count { $0.watch != nil } } }

    /// Ends all watches, for good.
    func stop() {
        let watches = state.withLock { state in
            defer { state = State(isStopped: true) }
            return state.entries.values.compactMap(\.watch)
        }
        for watch in watches { watch.cancel() }
    }

    /// Forgets what nobody has asked for in a long time.
    func endIdle() {
        let now = now()
        let watches = state.withLock { state in
            let idle = state.entries.filter { $0.value.lastUse + Self.idleTime <= now }
            for name in idle.keys { state.entries[name] = nil }
            return idle.values.compactMap(\.watch)
        }
        for watch in watches { watch.cancel() }
    }

    /// The object as it is now, or as it was last known while the API server is away.
    func object(_ name: ObjectName) async throws(APIFailure) -> Value {
        let (object, patience) = use(name)
        if let object { return object }
        let answer = await reads.answer(for: name, until: patience.map { .now + $0 }) { await self.read(name) }
        switch answer ?? .failure(Task.isCancelled ? .cancelled : .unreachable("it does not answer")) {
        case .success(let object): return object
        case .failure(let failure):
            // Decisions go on from what was known, when nobody can be asked.
            if !failure.isNotFound, let object = lastKnown(name, despite: failure) { return object }
            throw failure
        }
    }

    // MARK: Reads

    private func read(_ name: ObjectName) async -> Result<Value, APIFailure> {
        let session = state.withLock { $0.entries[name]?.session }
        do throws(APIFailure) {
            let object = try await api.get(type, name)
            learn(Knowledge(object), of: name, since: session)
            return .success(object)
        } catch {
            if error.isNotFound { learn(.absence, of: name, since: session) }
            return .failure(error)
        }
    }

    /// Takes in what a read found while the watch cannot be believed.
    ///
    /// A watch that was reopened says when it is in touch, not when it has caught up: only when it and a read that began
    /// after say the same was nothing missed.
    private func learn(_ knowledge: Knowledge, of name: ObjectName, since session: Int?) {
        let now = now()
        state.withLock { state in
            guard !state.isStopped, state.entries[name] != nil || knowledge.object != nil else { return }
            var entry = state.entries[name] ?? Entry(at: now)
            guard !entry.isCurrent else { return }
            entry.confirmed = now
            if entry.isInTouch, entry.session == session, let watched = entry.watched, watched.isSame(as: knowledge) {
                entry.becomeCurrent()
            } else {
                entry.learned = knowledge
            }
            state.entries[name] = entry
            if entry.watch == nil { state.trim() }
        }
    }

    private func lastKnown(_ name: ObjectName, despite failure: APIFailure) -> Value? {
        let now = now()
        return state.withLock { state in
            guard let entry = state.entries[name] else { return nil }
            let isRefusal = failure.isForbidden || failure.isUnauthorized
            guard entry.isCurrent || !isRefusal || entry.confirmed + Self.refusalTime > now else { return nil }
            return entry.latest?.object
        }
    }

    // MARK: Watches

    /// What is known of the object for certain, or else how long to wait for a read: nil for as long as it takes.
    ///
    /// The object is watched from now on if it may be.
    private func use(_ name: ObjectName) -> (object: Value?, patience: Duration?) {
        let now = now()
        var idle: Task<Void, Never>?
        let answer = state.withLock { state -> (Value?, Duration?) in
            if shouldWatch(name, state, at: now), Self.makePlace(in: &state, &idle, at: now) {
                state.entries[name, default: Entry(at: now)].watch = Task { await self.watch(name) }
            }
            guard var entry = state.entries[name] else { return (nil, nil) }
            entry.lastUse = now
            state.entries[name] = entry
            guard let known = entry.latest?.object else { return (nil, nil) }
            if entry.isCurrent { return (known, nil) }
            return (nil, entry.watch == nil ? Self.unwatchedPatience : Self.patience)
        }
        idle?.cancel()
        return answer
    }

    private func shouldWatch(_ name: ObjectName, _ state: State, at now: ContinuousClock.Instant) -> Bool {
        guard !state.isStopped, mayWatch(name) else { return false }
        guard let entry = state.entries[name] else { return true }
        return entry.watch == nil && entry.nextWatch ?? now <= now
    }

    /// - Parameter idle: the watch that has to be ended for it.
    private static func makePlace(
        in state: inout State, _ idle: inout Task<Void, Never>?, at now: ContinuousClock.Instant
    ) -> Bool {
        let watched = state.entries.filter { $0.value.watch != nil }
        guard watched.count >= maximumWatches else { return true }
        guard let oldest = watched.min(by: { $0.value.lastUse < $1.value.lastUse }),
            oldest.value.lastUse + idleTime <= now
        else { return false }
        idle = oldest.value.watch
        state.entries[oldest.key] = nil
        return true
    }

    private func watch(_ name: ObjectName) async {
        await Reflector(api, type, .only(name), pace: pace).run { [weak self] observation in
            // One that was ended may have something left to say, and another be watching by now.
            if !Task.isCancelled { self?.take(observation, about: name) }
        }
    }

    private func take(_ observation: Observation, about name: ObjectName) {
        let now = now()
        let ended = state.withLock { state -> Task<Void, Never>? in
            guard var entry = state.entries[name] else { return nil }
            var ended: Task<Void, Never>?
            switch observation {
            case .replaced(let objects): Self.take(objects.first { ObjectName(of: $0) == name }, by: &entry)
            case .absent: Self.take(nil, by: &entry)
            case .changed(let object) where ObjectName(of: object) == name: entry.watched = Knowledge(object)
            case .removed(let object) where ObjectName(of: object) == name:
                entry.watched = Knowledge(withoutObject: object)
            case .changed, .removed: break
            case .stale(let failure):
                if entry.isCurrent { entry.confirmed = now }
                entry.isCurrent = false
                entry.turn(inTouch: false)
                if failure.isForbidden {
                    (ended, entry.watch) = (entry.watch, nil)
                    entry.nextWatch = now + Self.retryTime
                }
            case .current: entry.turn(inTouch: true)
            }
            state.entries[name] = entry
            if ended != nil { state.trim() }
            return ended
        }
        ended?.cancel()
    }

    /// What a list says is all there is, unless something newer was read while the list was on its way.
    private static func take(_ listed: Value?, by entry: inout Entry) {
        let listed = listed.map { Knowledge($0) } ?? .absence
        entry.watched = listed
        entry.turn(inTouch: true)
        if let learned = entry.learned, learned.isNewer(than: listed) { return }
        entry.becomeCurrent()
    }
}

/// An object as it was at some version, or that it was not there.
private struct Knowledge: Sendable {
    /// Nil when there was none.
    let object: Value?
    /// Whether it may be kept where it is not watched.
    let isSmall: Bool
    /// Nil when nobody said.
    private let version: String?

    static let absence = Knowledge(object: nil, version: nil)

    init(_ object: Value) { self.init(object: object, version: Self.version(of: object)) }

    /// - Parameter last: the last state of what was deleted.
    init(withoutObject last: Value) { self.init(object: nil, version: Self.version(of: last)) }

    private init(object: Value?, version: String?) {
        self.object = object
        self.version = version
        isSmall = (object?.source.count ?? 0) <= NamedObjects.maximumKeptBytes
    }

    private static func version(of object: Value) -> String? { object["metadata"]?["resourceVersion"]?.string }

    func isSame(as other: Knowledge) -> Bool {
        guard object != nil else { return other.object == nil }
        return other.object != nil && version != nil && version == other.version
    }

    /// Versions of one type can be compared as numbers (Kubernetes, KEP-5504); false where it cannot be told.
    func isNewer(than other: Knowledge) -> Bool {
        guard let mine = version.flatMap({ UInt64($0) }), let others = other.version.flatMap({ UInt64($0) }) else {
            return false
        }
        return mine > others
    }
}
