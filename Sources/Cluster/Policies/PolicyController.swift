import JSON
import Kubernetes
import Policy
import Synchronization

/// Follows the policies that are objects of the cluster, and puts them together with those of files.
///
/// A change compiles the one object that changed; changes that come in a burst make one new snapshot.
public final class PolicyController: Sendable {
    /// What counts now. Its snapshot is another object whenever, and only when, what is in force has changed.
    public let state = Latest(PolicyState.unknown)
    /// What the statuses of the objects say and have to say.
    let statuses = Latest<[PolicyStatus]>([])

    private let api: any KubernetesAPI
    private let kinds: [PolicyID.Kind]
    private let pace: Pace
    private let gathering: Duration
    private let observer: @Sendable (PolicyEvent) -> Void
    private let known: Mutex<Known>
    private let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private struct Known {
        var policies: PolicyCollection
        var seen: [PolicyID: SeenStatus] = [:]
        /// The kinds that have not been read yet.
        var unread: Set<PolicyID.Kind>
        var stale: Set<PolicyID.Kind> = []
        /// What was published last.
        var published = PolicyState.unknown
        /// Whether ``policies`` has changed since.
        var hasChanged = true
    }

    /// How long changes gather before they are published: `kubectl apply` of a folder sends one after the other, and
    /// nobody notices that they take effect so much later.
    public static let standardGathering = Duration.milliseconds(20)

    /// - Parameters:
    ///   - files: The policies of files; see ``use(_:)``.
    ///   - honoursExceptions: Whether PolicyExceptions count; otherwise they are not even asked for.
    ///   - unseenNamespaces: Those whose objects no webhook looks at.
    ///   - pace: How quickly what fails is tried again.
    ///   - observer: Hears what befalls policies; called on any thread, and expected to return soon.
    public init(
        api: any KubernetesAPI, files: LoadResult? = nil, honoursExceptions: Bool = false,
        unseenNamespaces: Set<String> = [], pace: Pace = .standard, gathering: Duration = standardGathering,
        observer: @escaping @Sendable (PolicyEvent) -> Void = { _ in }
    ) {
        self.api = api
        self.pace = pace
        self.gathering = gathering
        self.observer = observer
        kinds = honoursExceptions ? [.clusterPolicy, .policy, .exception] : [.clusterPolicy, .policy]
        var policies = PolicyCollection(honoursExceptions: honoursExceptions, unseenNamespaces: unseenNamespaces)
        if let files { policies.use(files) }
        known = Mutex(Known(policies: policies, unread: Set(kinds)))
    }

    /// Takes what came of reading the files again. A set with problems leaves the last good one in place, whose
    /// problems are the caller's to tell.
    public func use(_ files: LoadResult) { change { $0.policies.use(files) } }

    /// Follows the objects until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for kind in kinds { group.addTask { await self.follow(kind) } }
            group.addTask {
                for await _ in self.wakes {
                    if self.gathering > .zero { await self.pace.sleep(self.gathering) }
                    self.publish()
                }
            }
        }
    }

    // MARK: Observations

    private func follow(_ kind: PolicyID.Kind) async {
        await Reflector(api, kind.resource, pace: pace, orElse: kind.olderResources).run { await self.take($0, kind) }
    }

    private static func serves(_ definition: Value, _ type: ResourceType) -> Bool {
        definition["spec"]?["versions"]?.elements.contains { version in
            version["name"]?.string == type.version && version["served"]?.boolean != false
        } ?? false
    }

    private func take(_ observation: Observation, _ kind: PolicyID.Kind) async {
        switch observation {
        case .replaced(let objects): replaceAll(kind, with: objects)
        case .changed(let object):
            change { known in
                if let id = PolicyCollection.id(of: object, kind) { known.seen[id] = SeenStatus(object) }
                return known.policies.put(kind, object)
            }
        case .removed(let object):
            guard let id = PolicyCollection.id(of: object, kind) else { return }
            change { known in
                known.seen[id] = nil
                return known.policies.remove(id)
            }
        case .absent:
            guard await isAbsent(kind) else { return }
            observer(.absent(kind))
            replaceAll(kind, with: [])
        case .stale(let failure): becomeStale(kind, failure)
        case .current: becomeCurrent(kind)
        }
    }

    private func replaceAll(_ kind: PolicyID.Kind, with objects: [Value]) {
        change { known in
            known.unread.remove(kind)
            known.seen = known.seen.filter { $0.key.kind != kind }
            for object in objects {
                if let id = PolicyCollection.id(of: object, kind) { known.seen[id] = SeenStatus(object) }
            }
            return known.policies.replaceAll(kind, with: objects)
        }
    }

    private func becomeStale(_ kind: PolicyID.Kind, _ failure: APIFailure) {
        observer(.stale(kind, failure))
        change { known in
            known.stale.insert(kind)
            return false
        }
    }

    private func becomeCurrent(_ kind: PolicyID.Kind) {
        observer(.current(kind))
        change { known in
            known.stale.remove(kind)
            return false
        }
    }

    /// Whether the cluster really has no such kind.
    ///
    /// An API server that starts answers 404 for a moment before it has looked at its definitions, and so does a proxy
    /// that has lost its API server. Whoever believed that would forget every policy, so the definition itself is asked
    /// for, which is stored like any object: that there is none is the API server's own word.
    private func isAbsent(_ kind: PolicyID.Kind) async -> Bool {
        var isInDoubt = false
        defer { if isInDoubt { becomeCurrent(kind) } }
        while !Task.isCancelled {
            do throws(APIFailure) {
                let definition = try await api.get(.customResourceDefinitions, kind.definition)
                guard kind.resources.contains(where: { Self.serves(definition, $0) }) else { return true }
            } catch {
                // Whoever may not ask has to believe, as long as nothing is lost by it.
                if error.isWordOfAbsence || (error.isForbidden && isUnread(kind)) { return true }
                if !isInDoubt { becomeStale(kind, error) }
                isInDoubt = true
            }
            // It is there, or may be. What it defines will be, in a moment: then the list is what counts.
            for type in kind.resources {
                if (try? await api.page(type, .all, limit: 1, continuing: nil)) != nil { return false }
            }
            await pace.sleep(pace.absentDelay)
        }
        return false
    }

    private func isUnread(_ kind: PolicyID.Kind) -> Bool { known.withLock { $0.unread.contains(kind) } }

    // MARK: Publishing

    /// - Parameter change: Says whether what is in force may have changed.
    private func change(_ change: (inout Known) -> Bool) {
        known.withLock { known in
            if change(&known) { known.hasChanged = true }
        }
        wake.yield()
    }

    private func publish() {
        let result = known.withLock { known -> (before: PolicyState, after: PolicyState, statuses: [PolicyStatus])? in
            guard known.unread.isEmpty else { return nil }
            let before = known.published
            let outcomes = known.hasChanged ? known.policies.outcomes : before.outcomes
            known.published = PolicyState(
                snapshot: known.hasChanged
                    ? Self.snapshot(of: known.policies, after: before.snapshot) : before.snapshot,
                outcomes: outcomes, isStale: !known.stale.isEmpty)
            known.hasChanged = false
            return (before, known.published, outcomes.compactMap { PolicyStatus($0, seen: known.seen[$0.id]) })
        }
        guard let (before, after, statuses) = result else { return }
        let isNews =
            before.snapshot !== after.snapshot || before.isStale != after.isStale || before.outcomes != after.outcomes
        if isNews { state.set(after) }
        self.statuses.set(statuses)
        for event in Self.events(from: before, to: after) { observer(event) }
    }

    /// What is in force; the snapshot from before where that is the same.
    private static func snapshot(of policies: PolicyCollection, after before: PolicySnapshot?) -> PolicySnapshot {
        let snapshot = policies.snapshot()
        guard let before, before.exceptions == snapshot.exceptions,
            before.policies.count == snapshot.policies.count,
            zip(before.policies, snapshot.policies).allSatisfy({ $0 === $1 })
        else { return snapshot }
        return before
    }

    /// What changed between two states. Of the first, only what is not as its author may think.
    private static func events(from before: PolicyState, to after: PolicyState) -> [PolicyEvent] {
        guard before.isSynced else {
            return after.outcomes.filter { !$0.isHonoured || !$0.notes.isEmpty }.map(PolicyEvent.changed)
        }
        guard before.outcomes != after.outcomes else { return [] }
        let known = Dictionary(before.outcomes.map { ($0.id, $0) }) { $1 }
        let ids = Set(after.outcomes.map(\.id))
        return after.outcomes.filter { known[$0.id] != $0 }.map(PolicyEvent.changed)
            + before.outcomes.filter { !ids.contains($0.id) }.map { PolicyEvent.removed($0.id) }
    }
}

extension APIFailure {
    /// Whether the API server itself says that there is no such object: what stands before it answers 404 in words of
    /// its own.
    fileprivate var isWordOfAbsence: Bool {
        if case .status(404, reason: "NotFound", _) = self { return true }
        return false
    }
}
