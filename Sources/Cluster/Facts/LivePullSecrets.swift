import Admission
import JSON
import Kubernetes
import Policy
import Registry
import Synchronization

/// The pull secrets of Pods, read by name from the Pod's own namespace at the time of the check.
///
/// What was read is remembered for a short while under the names that were asked for, so that reviews of images that
/// are verified already need not ask. It never serves another namespace.
public final class LivePullSecrets: PullSecrets {
    /// How long what a Pod's secrets held says under what a verdict is remembered, and what a service account names. A
    /// secret that is taken away counts no longer than this for images that were verified with it.
    static let memory = Duration.seconds(30)
    /// How old what is shown to a registry may be: long enough for a burst of Pods to share a read, too short for a
    /// person to change a secret and try again.
    static let freshness = Duration.seconds(1)
    /// The most that is remembered, by Pods' names for secrets: more than most clusters have namespaces.
    static let capacity = 1_000
    /// What holds more text is not remembered, so that all together cannot take more than some 20 MB: Pods and their
    /// Secrets are anybody's. A registry's credentials have a hundred bytes, those of clouds some 3 KB.
    static let maximumRememberedBytes = 16 << 10

    private struct Read<Value: Sendable>: Sendable {
        let value: Value
        let time: ContinuousClock.Instant
    }

    private struct State {
        var keychains: [PullSecretNames: Read<Keychain>] = [:]
        var accounts: [ObjectName: Read<[String]>] = [:]
        var lastSweep: ContinuousClock.Instant?
    }

    private struct Question: Hashable {
        let names: PullSecretNames
        let anew: Bool
    }

    public let ownNamespace: String
    private let api: any KubernetesAPI
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    private let reads = SharedReads<Question, Keychain>()
    private let secretReads = SharedReads<ObjectName, Result<Value, APIFailure>>()

    /// - Parameter namespace: our own, in which the Secrets are that rules name.
    public init(
        _ api: any KubernetesAPI, namespace: String, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.api = api
        ownNamespace = namespace
        self.now = now
    }

    // MARK: PullSecrets

    public func remembered(_ names: PullSecretNames) -> Keychain? { remembered(names, for: Self.memory) }

    public func keychain(_ names: PullSecretNames, anew: Bool) async -> Keychain {
        if !anew, let known = remembered(names, for: Self.freshness) { return known }
        let answer = await reads.answer(for: Question(names: names, anew: anew)) {
            // A read that waited for the one before it has its answer already, if that was quick.
            if !anew, let known = self.remembered(names, for: Self.freshness) { return known }
            return await self.read(names, anew: anew)
        }
        return answer ?? Keychain([], problems: ["pull secrets of namespace \(names.namespace) were not waited for"])
    }

    private func remembered(_ names: PullSecretNames, for age: Duration) -> Keychain? {
        let now = now()
        return state.withLock { state in
            guard let read = state.keychains[names], read.time + age > now else { return nil }
            return read.value
        }
    }

    // MARK: Reading

    private enum Reading: Sendable {
        case configuration(DockerConfig)
        /// The reason, and whether asking again may go otherwise at once.
        case problem(String, isPassing: Bool)
    }

    private func read(_ names: PullSecretNames, anew: Bool) async -> Keychain {
        // Counted from before the first request: what changes later is newer than what was read.
        let start = now()

        // (1) What the service account adds.
        var problems: [String] = []
        var isComplete = true
        let account = ObjectName(names.serviceAccount, namespace: names.namespace)
        var added: [String] = []
        switch await secretNames(of: account, anew: anew, at: start) {
        case .success(let found): added = found
        case .failure(let failure):
            problems.append("service account \(account) could not be read: \(failure)")
            isComplete = false
        }

        // (2) All secrets at once, in the order of their names.
        let (secrets, hasMore) = names.secrets(with: added)
        if hasMore { problems.append("only \(PullSecretNames.maximumSecrets) pull secrets of a Pod count") }
        let readings = await withTaskGroup(of: (Int, Reading).self) { group in
            for (index, secret) in secrets.enumerated() {
                let name = ObjectName(secret, namespace: names.namespace)
                group.addTask { (index, await self.read(name)) }
            }
            var readings: [(Int, Reading)] = []
            for await reading in group { readings.append(reading) }
            return readings.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var configurations: [DockerConfig] = []
        for reading in readings {
            switch reading {
            case .configuration(let configuration): configurations.append(configuration)
            case .problem(let problem, let isPassing):
                problems.append(problem)
                if isPassing { isComplete = false }
            }
        }

        // (3) What may be otherwise in a moment is not remembered.
        let keychain = Keychain(configurations, problems: problems)
        if isComplete { remember(keychain, for: names, at: start) }
        return keychain
    }

    /// The secrets that a service account names; none where it is not there.
    private func secretNames(
        of account: ObjectName, anew: Bool, at start: ContinuousClock.Instant
    ) async -> Result<[String], APIFailure> {
        guard KubernetesName.isValid(account.name), KubernetesName.isValid(account.namespace ?? "") else {
            return .success([])
        }
        let known = state.withLock { $0.accounts[account] }
        if !anew, let known, known.time + Self.memory > start { return .success(known.value) }
        var names: [String] = []
        do throws(APIFailure) {
            names = PullSecretNames.names(try await api.get(.serviceAccounts, account)["imagePullSecrets"])
        } catch {
            guard error.isNotFound else { return .failure(error) }
        }
        state.withLock { state in
            sweep(&state, at: start)
            if state.accounts.count < Self.capacity || state.accounts[account] != nil {
                state.accounts[account] = Read(value: names, time: start)
            }
        }
        return .success(names)
    }

    private func read(_ name: ObjectName) async -> Reading {
        let what = "pull secret \(name)"
        guard KubernetesName.isValid(name.name), KubernetesName.isValid(name.namespace ?? "") else {
            return .problem("\(what) has a name that no Secret has", isPassing: false)
        }
        let answer = await secretReads.answer(for: name) { [api] in
            do throws(APIFailure) {
                return .success(try await api.get(.secrets, name))
            } catch {
                return .failure(error)
            }
        }
        switch answer ?? .failure(.cancelled) {
        case .success(let secret): return Self.reading(secret, what)
        case .failure(let failure) where failure.isNotFound: return .problem("\(what) does not exist", isPassing: false)
        case .failure(let failure) where failure.isForbidden:
            return .problem("\(what) may not be read by Countersign", isPassing: false)
        case .failure(let failure): return .problem("\(what) could not be read: \(failure)", isPassing: true)
        }
    }

    private static func reading(_ secret: Value, _ what: String) -> Reading {
        switch PullSecretContent.configuration(of: secret) {
        case .success(let configuration): .configuration(configuration)
        case .failure(let problem): .problem("\(what) \(problem.description)", isPassing: false)
        }
    }

    // MARK: Memory

    private func remember(_ keychain: Keychain, for names: PullSecretNames, at time: ContinuousClock.Instant) {
        state.withLock { state in
            sweep(&state, at: time)
            if let known = state.keychains[names], known.time > time { return }
            guard keychain.textBytes <= Self.maximumRememberedBytes else {
                // What was known before is no longer so.
                state.keychains[names] = nil
                return
            }
            guard state.keychains.count < Self.capacity || state.keychains[names] != nil else { return }
            state.keychains[names] = Read(value: keychain, time: time)
        }
    }

    /// Forgets what has expired, now and then: credentials are not kept for longer than they serve.
    private func sweep(_ state: inout State, at time: ContinuousClock.Instant) {
        guard state.lastSweep.map({ $0 + Self.memory <= time }) ?? true else { return }
        state.lastSweep = time
        state.keychains = state.keychains.filter { $0.value.time + Self.memory > time }
        state.accounts = state.accounts.filter { $0.value.time + Self.memory > time }
    }
}
