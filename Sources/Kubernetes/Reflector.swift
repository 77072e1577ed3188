import JSON

/// What a ``Reflector`` learned.
public enum Observation: Sendable {
    /// All objects there are: the first list, and each later one that had to be asked for because the watch could not
    /// go on from where it was.
    case replaced([Value])
    /// An object was added or modified.
    case changed(Value)
    /// An object was deleted; this is its last state.
    case removed(Value)
    /// The API server has no such type (yet), which is asked again every few seconds. Counts as an empty list.
    case absent
    /// The API server is out of touch for now; what is known stays. Said once, until ``current``.
    case stale(APIFailure)
    /// In touch again after ``stale(_:)``.
    case current
}

/// Follows all objects of a type: a list, then a watch that goes on from it, for ever.
///
/// A watch that ends is resumed from the last version that was seen, so nothing is lost and nothing is listed again;
/// when that version is too old (410), the list is asked for again. Failures are waited out with growing delays.
///
/// Source: Kubernetes, "Kubernetes API Concepts", Efficient detection of changes.
public struct Reflector: Sendable {
    /// Objects in one page of a list, as kubectl asks for them.
    public static let pageSize = 500
    /// Of one list: a million objects are more than any cluster has of a type, and a server that names ever another page
    /// would fill the memory.
    static let maximumPages = 2_000
    /// How often in a row a watch may fail at one version, by what the API server says, before everything is listed: it
    /// may be the one event after that version that cannot be had.
    static let maximumRefusals = 5

    private let api: any KubernetesAPI
    private let type: ResourceType
    private let others: [ResourceType]
    private let selection: Selection
    private let pace: Pace

    /// - Parameter others: Other versions of the type, in turn: the first that there is when a list is asked for.
    public init(
        _ api: any KubernetesAPI, _ type: ResourceType, _ selection: Selection = .all, pace: Pace = .standard,
        orElse others: [ResourceType] = []
    ) {
        self.api = api
        self.type = type
        self.others = others
        self.selection = selection
        self.pace = pace
    }

    /// Tells `handle` what is there and what changes, in order and one at a time, until the task is cancelled.
    ///
    /// While `handle` takes its time nothing is read; a watch that waits too long is lost and resumed.
    public func run(_ handle: @Sendable (Observation) async -> Void) async {
        var state = State(type: type)
        while !Task.isCancelled {
            do throws(APIFailure) {
                if let version = state.version {
                    try await follow(from: version, &state, handle)
                } else {
                    try await list(&state, handle)
                }
            } catch {
                guard !Task.isCancelled, error != .cancelled else { return }
                await recover(from: error, &state, handle)
            }
        }
    }

    fileprivate struct State {
        /// What was listed last.
        var type: ResourceType
        /// Where a watch goes on from; nil when everything must be listed.
        var version: String?
        var isAbsent = false
        var isStale = false
        /// In a row.
        var failures = 0
        /// How often the API server refused to go on from a version, and from which.
        var refusals = 0
        var refusedVersion: String?
        /// Whether the attempt that failed had been answered at first, as a watch that broke.
        var wasInTouch = false
    }

    // MARK: List

    private func list(_ state: inout State, _ handle: (Observation) async -> Void) async throws(APIFailure) {
        var candidates = [type] + others
        while let candidate = candidates.first {
            candidates.removeFirst()
            do throws(APIFailure) {
                return try await list(candidate, &state, handle)
            } catch {
                guard error.isNotFound, !candidates.isEmpty else { throw error }
            }
        }
    }

    private func list(
        _ type: ResourceType, _ state: inout State, _ handle: (Observation) async -> Void
    ) async throws(APIFailure) {
        state.wasInTouch = false
        var items: [Value] = []
        var next: String?
        var version: String
        var pages = 0
        repeat {
            guard pages < Self.maximumPages else {
                throw .malformed("a list of \(type) has more than \(Self.maximumPages) pages")
            }
            pages += 1
            let page = try await api.page(type, selection, limit: Self.pageSize, continuing: next)
            items += page.items
            version = page.resourceVersion
            next = page.next
        } while next != nil
        guard !version.isEmpty else { throw .malformed("a list of \(type) without a resource version") }
        state.type = type
        state.version = version
        state.isAbsent = false
        await handle(.replaced(items))
        await becomeCurrent(&state, handle)
    }

    // MARK: Watch

    private func follow(
        from version: String, _ state: inout State, _ handle: (Observation) async -> Void
    ) async throws(APIFailure) {
        state.wasInTouch = false
        let events = try await api.watch(state.type, selection, from: version)
        await becomeCurrent(&state, handle)
        state.wasInTouch = true
        let beginning = ContinuousClock.now
        do {
            for try await event in events {
                state.failures = 0
                await take(event, &state, handle)
            }
        } catch {
            if beginning.duration(to: .now) >= pace.steadyTime { state.failures = 0 }
            throw error as? APIFailure ?? .malformed("\(error)")
        }
        guard !Task.isCancelled else { throw .cancelled }
        // The server has ended it, as it does every few minutes. One that ends watches as they begin is waited out.
        if beginning.duration(to: .now) >= pace.steadyTime { state.failures = 0 } else { await pause(&state) }
    }

    private func take(_ event: WatchEvent, _ state: inout State, _ handle: (Observation) async -> Void) async {
        switch event {
        case .added(let object), .modified(let object):
            await handle(.changed(object))
            state.remember(object)
        case .deleted(let object):
            await handle(.removed(object))
            state.remember(object)
        case .bookmark(let version):
            state.version = version
        }
    }

    // MARK: Failures

    private func recover(
        from failure: APIFailure, _ state: inout State, _ handle: (Observation) async -> Void
    ) async {
        if failure.isGone {
            // Too old to go on from, or a list that took too long. The first time nothing is wrong: list at once.
            state.version = nil
            guard state.failures > 0 else {
                state.failures = 1
                return
            }
            await becomeStale(failure, &state, handle)
            await pause(&state)
            return
        }
        if failure.isNotFound {
            await becomeCurrent(&state, handle)
            state.failures = 0
            state.version = nil
            if !state.isAbsent {
                state.isAbsent = true
                await handle(.absent)
            }
            await pace.sleep(pace.absentDelay * pace.jitter())
            return
        }
        // What could be resumed at once was never out of touch.
        if !state.wasInTouch || state.failures > 0 { await becomeStale(failure, &state, handle) }
        if state.isRefused(by: failure) { state.version = nil }
        await pause(&state)
    }

    private func becomeStale(
        _ failure: APIFailure, _ state: inout State, _ handle: (Observation) async -> Void
    ) async {
        guard !state.isStale else { return }
        state.isStale = true
        await handle(.stale(failure))
    }

    private func becomeCurrent(_ state: inout State, _ handle: (Observation) async -> Void) async {
        guard state.isStale else { return }
        state.isStale = false
        await handle(.current)
    }

    private func pause(_ state: inout State) async {
        state.failures += 1
        await pace.sleep(pace.delay(afterFailures: state.failures))
    }
}

extension Reflector.State {
    /// Whether going on from the version has failed for good: by what the API server answers, not by its being away.
    fileprivate mutating func isRefused(by failure: APIFailure) -> Bool {
        switch failure {
        // A version that the server calls malformed would be so for ever.
        case .status(400, _, _): return true
        case .status, .malformed: break
        case .unreachable, .credentials, .cancelled: return false
        }
        if version != refusedVersion { (refusedVersion, refusals) = (version, 0) }
        refusals += 1
        guard refusals >= Reflector.maximumRefusals else { return false }
        refusals = 0
        return true
    }

    fileprivate mutating func remember(_ object: Value) {
        if let version = object["metadata"]?["resourceVersion"]?.string, !version.isEmpty { self.version = version }
    }
}
