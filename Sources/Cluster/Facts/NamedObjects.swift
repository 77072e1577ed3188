import JSON
import Kubernetes
import Synchronization

/// Objects of one type that policies name, each read by its name and never in lists of many.
///
/// An object that is asked for is watched from then on, alone, where that is allowed; what the watch knows is answered
/// at once. Otherwise, and while the watch is out of touch, it is read at each use: a key that was rotated must not be
/// believed any more.
final class NamedObjects: Sendable {
    /// The most objects that are watched at once: each is a stream from the API server, and names may come from
    /// requests, by way of variables.
    static let maximumWatches = 64
    /// An object that nobody asked for so long gives up its watch to another.
    static let idleTime = Duration.seconds(600)

    private struct Entry {
        var object: Value?
        /// The API server is out of touch, or does not let it be watched: it has to be read.
        var mustBeRead = true
        var lastUse: ContinuousClock.Instant
        var watch: Task<Void, Never>?
    }

    private struct State {
        var entries: [ObjectName: Entry] = [:]
        var isStopped = false
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

    /// The object as it is now, or as it was last known while the API server is away.
    func object(_ name: ObjectName) async throws(APIFailure) -> Value {
        let entry = use(name)
        if let entry, !entry.mustBeRead, let object = entry.object { return object }
        let answer = await reads.answer(for: name) { [api, type] in
            do throws(APIFailure) {
                return .success(try await api.get(type, name))
            } catch {
                return .failure(error)
            }
        }
        // Decisions go on from what was known, when nobody can be asked.
        if case .failure(.unreachable) = answer, let object = entry?.object { return object }
        return try answer.get()
    }

    // MARK: Watches

    /// What is known of the object, which is watched from now on if it may be.
    private func use(_ name: ObjectName) -> Entry? {
        let now = now()
        let (entry, idle) = state.withLock { state -> (Entry?, Task<Void, Never>?) in
            if state.entries[name] != nil {
                state.entries[name]?.lastUse = now
                return (state.entries[name], nil)
            }
            guard !state.isStopped, mayWatch(name) else { return (nil, nil) }
            var idle: Task<Void, Never>?
            if state.entries.count >= Self.maximumWatches {
                guard let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }),
                    oldest.value.lastUse + Self.idleTime <= now
                else { return (nil, nil) }
                idle = oldest.value.watch
                state.entries[oldest.key] = nil
            }
            let watch = Task { await self.watch(name) }
            state.entries[name] = Entry(lastUse: now, watch: watch)
            return (nil, idle)
        }
        idle?.cancel()
        return entry
    }

    private func watch(_ name: ObjectName) async {
        await Reflector(api, type, .only(name), pace: pace).run { [weak self] observation in
            self?.take(observation, about: name)
        }
    }

    private func take(_ observation: Observation, about name: ObjectName) {
        let ended = state.withLock { state -> Task<Void, Never>? in
            guard var entry = state.entries[name] else { return nil }
            var ended: Task<Void, Never>?
            switch observation {
            case .replaced(let objects):
                entry.object = objects.first { ObjectName(of: $0) == name }
                entry.mustBeRead = false
            case .changed(let object) where ObjectName(of: object) == name: entry.object = object
            case .removed(let object) where ObjectName(of: object) == name: entry.object = nil
            case .changed, .removed: break
            case .absent: entry.object = nil
            case .stale(let failure):
                entry.mustBeRead = true
                // The entry stays, so that what may not be watched is not tried at each use.
                if failure.isForbidden { (ended, entry.watch, entry.object) = (entry.watch, nil, nil) }
            case .current: entry.mustBeRead = false
            }
            state.entries[name] = entry
            return ended
        }
        ended?.cancel()
    }
}
