import JSON
import Kubernetes
import Policy
import Synchronization

/// Keeps the webhook configurations in the cluster as the policies need them: writes them when the policies or the CA
/// change, restores what somebody edits or deletes, and deletes what no policy needs any more.
///
/// Every replica watches the three objects; only the leader writes, and only what differs from what is stored.
public final class WebhookRegistrar: Sendable {
    public struct Configuration: Sendable {
        public var installation: Installation
        /// Namespaces that no webhook looks at, besides our own.
        public var excludedNamespaces: Set<String>
        public var pace: Pace
        /// Between two questions to the API server for its kinds: a CustomResourceDefinition may have come.
        public var discoveryInterval: Duration
        /// The same while a policy names a kind that the API server did not have.
        public var unknownKindInterval: Duration

        public init(
            installation: Installation, excludedNamespaces: Set<String> = DesiredWebhooks.systemNamespaces,
            pace: Pace = .standard, discoveryInterval: Duration = .seconds(600),
            unknownKindInterval: Duration = .seconds(15)
        ) {
            self.installation = installation
            self.excludedNamespaces = excludedNamespaces
            self.pace = pace
            self.discoveryInterval = discoveryInterval
            self.unknownKindInterval = unknownKindInterval
        }
    }

    /// What an operator may want to read in the log.
    public enum Event: Sendable, Equatable {
        /// A configuration was created or changed.
        case wrote(String)
        /// A configuration that no policy needs was deleted.
        case deleted(String)
        case failed(String, APIFailure)
        /// Policies name kinds that the API server does not have; they are registered by a guess, and asked for again.
        case unknownKinds([String])
        /// What the API server made of what we wrote is not what we wrote, and is left so.
        case altered(String)
    }

    /// What the API server has, or nil when it cannot be told now.
    public typealias Discovery = @Sendable () async -> [ResourceType]?

    private struct State {
        var known = KnownResources.builtIn
        var unknownKinds: [String] = []
        /// Whether the API server was asked for its kinds, whatever it answered.
        var hasAsked = false
        /// What the API server made of a replacement by us, where that is not what was wanted, and what was.
        var accepted: [Int: (wanted: LiveConfiguration, stored: LiveConfiguration)] = [:]
        /// For each configuration its own: a fight over one must not hold up the others.
        var budgets = Array(repeating: WriteBudget(), count: DesiredWebhooks.all.count)
    }

    private let api: any KubernetesAPI
    private let configuration: Configuration
    private let policies: Latest<PolicySnapshot?>
    private let caBundle: Latest<CABundle?>
    private let leadership: any Leadership
    private let discovery: Discovery
    private let forgetKinds: @Sendable () -> Void
    private let observer: @Sendable (Event) -> Void
    private let live = LiveWebhooks(count: DesiredWebhooks.all.count)
    private let bell = Doorbell()
    private let discoveryBell = Doorbell()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - policies: Nil until all are known: nothing is changed before.
    ///   - caBundle: Nil until there is one: nothing is registered before, as the API server could not call us.
    ///   - discovery: What kinds the API server has; asked by the leader now and then, and not waited for.
    ///   - forgetKinds: Called before ``Discovery`` is asked because a kind is missing, so that it asks anew.
    public init(
        _ api: any KubernetesAPI, configuration: Configuration, policies: Latest<PolicySnapshot?>,
        caBundle: Latest<CABundle?>, leadership: any Leadership, discovery: @escaping Discovery = { nil },
        forgetKinds: @escaping @Sendable () -> Void = {},
        observer: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.api = api
        self.configuration = configuration
        self.policies = policies
        self.caBundle = caBundle
        self.leadership = leadership
        self.discovery = discovery
        self.forgetKinds = forgetKinds
        self.observer = observer
    }

    /// The CA certificates that the stored configurations carry, as PEM text: one when all agree, none when there is no
    /// configuration, the empty text for one that carries none; nil before that is known. A rotation waits here until
    /// the API server has been told.
    public var registeredCABundles: Latest<Set<String>?> { live.caBundles }

    /// Works until the task is cancelled. What is registered then stays: while nobody answers, `failurePolicy` counts.
    public func run() async {
        await withTaskGroup { group in
            for (index, target) in DesiredWebhooks.all.enumerated() {
                group.addTask {
                    await Reflector(self.api, target.type, .only(target.name), pace: self.configuration.pace)
                        .run { observation in
                            self.live.take(observation, at: index)
                            self.bell.ring()
                        }
                }
            }
            group.addTask { await self.ring(at: self.policies.values(), discovers: true) }
            group.addTask { await self.ring(at: self.caBundle.values()) }
            group.addTask { await self.ring(at: self.leadership.changes(), discovers: true) }
            group.addTask { await self.discover() }
            group.addTask {
                while (try? await Task.sleep(for: self.configuration.unknownKindInterval)) != nil {
                    self.discoveryBell.ring()
                }
            }
            group.addTask { await self.work() }
        }
    }

    private func ring(at changes: AsyncStream<some Sendable>, discovers: Bool = false) async {
        for await _ in changes {
            bell.ring()
            if discovers { discoveryBell.ring() }
        }
    }

    // MARK: Writing

    private func work() async {
        var failures = 0
        var next: ContinuousClock.Instant?
        while !Task.isCancelled {
            await bell.wait(until: next)
            guard !Task.isCancelled else { return }
            switch await reconcile() {
            case .done: (failures, next) = (0, nil)
            case .later(let delay): next = .now + delay
            case .failed:
                failures += 1
                next = .now + configuration.pace.delay(afterFailures: failures)
            }
        }
    }

    enum Turn: Sendable, Equatable {
        case done
        /// Too much was written lately.
        case later(Duration)
        case failed
    }

    /// Makes the stored configurations what they should be, where they are not.
    func reconcile() async -> Turn {
        guard leadership.isLeader, live.isKnown, let desired else { return .done }
        if state.withLock({ state in
            defer { state.unknownKinds = desired.unknownKinds }
            return state.unknownKinds != desired.unknownKinds && !desired.unknownKinds.isEmpty
        }) {
            observer(.unknownKinds(desired.unknownKinds))
            discoveryBell.ring()
        }
        var turn = Turn.done
        for (index, configuration) in desired.configurations.enumerated() {
            do throws(APIFailure) {
                guard let delay = try await settle(configuration, at: index, unknown: desired.unknownKinds)
                else { continue }
                switch turn {
                case .done: turn = .later(delay)
                case .later(let other): turn = .later(min(delay, other))
                case .failed: break
                }
            } catch {
                guard error != .cancelled else { return .failed }
                observer(.failed(configuration.name, error))
                turn = .failed
            }
        }
        return turn
    }

    private var desired: DesiredWebhooks? {
        guard let policies = policies.value else { return nil }
        return DesiredWebhooks(
            for: policies, at: configuration.installation, caBundle: caBundle.value,
            excludedNamespaces: configuration.excludedNamespaces, known: state.withLock { $0.known })
    }

    /// - Returns: how long to wait where the budget does not allow a write that is needed.
    private func settle(
        _ wanted: WebhookConfiguration, at index: Int, unknown: [String]
    ) async throws(APIFailure) -> Duration? {
        let stored = live[index]
        guard !wanted.webhooks.isEmpty else {
            guard stored != nil else { return nil }
            return try await spending(at: index) { () async throws(APIFailure) in
                try await self.delete(wanted, at: index)
            }
        }
        guard let caBundle = wanted.caBundle, let form = Self.form(of: wanted) else { return nil }
        // What another leader registered is better than a guess.
        guard stored == nil || unknown.isEmpty || state.withLock({ $0.hasAsked }) else { return nil }
        let ignoresCA = caBundle.injection != nil
        if let stored, isSettled(LiveConfiguration(stored, ignoringCABundle: ignoresCA), as: form, at: index) {
            return nil
        }
        return try await spending(at: index) { () async throws(APIFailure) in
            try await self.write(wanted, as: form, at: index, ignoringCABundle: ignoresCA)
        }
    }

    private func spending(
        at index: Int, _ write: () async throws(APIFailure) -> Void
    ) async throws(APIFailure) -> Duration? {
        if let delay = state.withLock({ $0.budgets[index].spend(at: .now) }) { return delay }
        guard leadership.isLeader else { return nil }
        try await write()
        return nil
    }

    private func delete(_ wanted: WebhookConfiguration, at index: Int) async throws(APIFailure) {
        let moment = live.moment(at: index)
        do throws(APIFailure) {
            try await api.delete(wanted.type, wanted.objectName)
        } catch {
            guard error.isNotFound else { throw error }
        }
        live.wrote(nil, at: index, since: moment)
        observer(.deleted(wanted.name))
    }

    private func write(
        _ wanted: WebhookConfiguration, as form: LiveConfiguration, at index: Int, ignoringCABundle: Bool
    ) async throws(APIFailure) {
        // (1) Applying creates what is missing and takes our fields back.
        var moment = live.moment(at: index)
        var stored = try await api.apply(wanted.type, wanted.objectName, wanted.object())
        live.wrote(stored, at: index, since: moment)

        // (2) It leaves what others added, as a webhook or a selector that lets objects pass. A replacement does not.
        if LiveConfiguration(stored, ignoringCABundle: ignoringCABundle) != form {
            guard leadership.isLeader else { return }
            moment = live.moment(at: index)
            stored = try await api.replace(wanted.type, wanted.objectName, wanted.object(replacing: stored))
            live.wrote(stored, at: index, since: moment)

            // (3) What differs even then, the API server itself has added: it is newer than we are.
            let result = LiveConfiguration(stored, ignoringCABundle: ignoringCABundle)
            if result != form {
                state.withLock { $0.accepted[index] = (form, result) }
                observer(.altered(wanted.name))
            }
        }
        observer(.wrote(wanted.name))
    }

    private func isSettled(_ stored: LiveConfiguration, as wanted: LiveConfiguration, at index: Int) -> Bool {
        if stored == wanted { return true }
        guard let accepted = state.withLock({ $0.accepted[index] }), accepted.wanted == wanted else { return false }
        return accepted.stored == stored
    }

    private static func form(of wanted: WebhookConfiguration) -> LiveConfiguration? {
        guard let document = try? Document(wanted.object()) else { return nil }
        return LiveConfiguration(document.root, ignoringCABundle: wanted.caBundle?.injection != nil)
    }

    // MARK: Discovery

    /// Asks for the API server's kinds when the policies change, and now and then: by the leader only, and after the
    /// first writing, which does not wait for it.
    private func discover() async {
        var next: ContinuousClock.Instant?
        var last: (at: ContinuousClock.Instant, policies: PolicySnapshot)?
        while !Task.isCancelled {
            await discoveryBell.wait(until: next)
            guard !Task.isCancelled else { return }
            next = nil
            guard leadership.isLeader, let policies = policies.value, !policies.policies.isEmpty else { continue }
            let isMissing = state.withLock { !$0.unknownKinds.isEmpty }
            if let last {
                let isOld = ContinuousClock.now >= last.at + configuration.discoveryInterval
                guard isMissing || isOld || last.policies !== policies else { continue }
                // A folder of policies that is applied is many changes, and asked about once or twice.
                let earliest = last.at + min(configuration.unknownKindInterval, Self.shortestDiscoveryInterval)
                guard ContinuousClock.now >= earliest else {
                    next = earliest
                    continue
                }
            }
            if isMissing { forgetKinds() }
            let types = await discovery()
            let isNews = state.withLock { state in
                let before = (state.known, state.hasAsked)
                // An aggregated API that is away for a moment takes its kinds out of the answer, and must not take them
                // out of the webhooks. What is gone for good stays there too, where it is never asked about.
                state.known = KnownResources(state.known.types.union(types ?? []))
                state.hasAsked = true
                return before != (state.known, true)
            }
            if isNews { bell.ring() }
            last = (.now, policies)
        }
    }

    /// Some thirty small requests are no more than this often.
    private static let shortestDiscoveryInterval = Duration.seconds(5)
}
