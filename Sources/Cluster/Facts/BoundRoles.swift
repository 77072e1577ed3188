import JSON
import Kubernetes
import Policy
import Synchronization

/// Who has which roles: all role bindings of the cluster, followed from the first time that somebody asks.
///
/// A cluster can have tens of thousands of bindings, and most policies ask nothing about roles.
final class BoundRoles: Sendable {
    private static let types = [ResourceType.roleBindings, .clusterRoleBindings]

    private struct Key: Hashable {
        let type: ResourceType
        let name: ObjectName
    }

    /// What has been heard about a type.
    private enum Standing: Sendable {
        case asked
        case known
        case failed(APIFailure)
    }

    private struct State {
        var bindings: [Key: RoleBindingFacts] = [:]
        var byUser: [String: Set<Key>] = [:]
        var byGroup: [String: Set<Key>] = [:]
        var watches: [Task<Void, Never>] = []
        var isStopped = false

        mutating func put(_ object: Value, _ type: ResourceType) {
            guard let name = ObjectName(of: object) else { return }
            let key = Key(type: type, name: name)
            remove(key)
            let binding = RoleBindingFacts(object, namespace: type.isNamespaced ? name.namespace : nil)
            bindings[key] = binding
            for user in binding.users { byUser[user, default: []].insert(key) }
            for group in binding.groups { byGroup[group, default: []].insert(key) }
        }

        mutating func remove(_ key: Key) {
            guard let binding = bindings.removeValue(forKey: key) else { return }
            for user in binding.users {
                byUser[user]?.remove(key)
                if byUser[user]?.isEmpty == true { byUser[user] = nil }
            }
            for group in binding.groups {
                byGroup[group]?.remove(key)
                if byGroup[group]?.isEmpty == true { byGroup[group] = nil }
            }
        }
    }

    private let api: any KubernetesAPI
    private let pace: Pace
    private let state = Mutex(State())
    private let standings: Latest<[ResourceType: Standing]>

    init(_ api: any KubernetesAPI, pace: Pace = .standard) {
        self.api = api
        self.pace = pace
        standings = Latest([:])
    }

    /// Ends the watches, for good.
    func stop() {
        let watches = state.withLock { state in
            defer { state = State(isStopped: true) }
            return state.watches
        }
        for watch in watches { watch.cancel() }
    }

    /// How many bindings are known.
    var count: Int { state.withLock { $0.bindings.count } }

    func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        let fact = "the roles of \(user.inWords)"
        start()
        try await waitUntilKnown(fact)
        return state.withLock { state in
            var keys = state.byUser[user.username] ?? []
            for group in user.groups { keys.formUnion(state.byGroup[group] ?? []) }
            var roles = UserRoles()
            for key in keys { state.bindings[key]?.add(to: &roles) }
            return roles
        }
    }

    // MARK: Watches

    private func start() {
        state.withLock { state in
            guard state.watches.isEmpty, !state.isStopped else { return }
            standings.set(Dictionary(uniqueKeysWithValues: Self.types.map { ($0, .asked) }))
            state.watches = Self.types.map { type in
                Task { [api, pace] in
                    await Reflector(api, type, pace: pace).run { [weak self] in self?.take($0, of: type) }
                }
            }
        }
    }

    /// - Throws: why not, when it cannot be known for now: whoever asks is waiting for an admission.
    private func waitUntilKnown(_ fact: String) async throws(FactFailure) {
        for await standings in standings.values() {
            var isKnown = true
            for type in Self.types {
                switch standings[type] {
                case .known?: break
                case .failed(let failure)?: throw FactFailure(failure, fact)
                case .asked?, nil: isKnown = false
                }
            }
            if isKnown { return }
        }
        throw FactFailure(.unavailable, fact, "nobody waited for the answer")
    }

    private func take(_ observation: Observation, of type: ResourceType) {
        state.withLock { state in
            switch observation {
            case .replaced(let objects):
                for key in state.bindings.keys where key.type == type { state.remove(key) }
                for object in objects { state.put(object, type) }
                stand(.known, for: type)
            case .changed(let object): state.put(object, type)
            case .removed(let object):
                if let name = ObjectName(of: object) { state.remove(Key(type: type, name: name)) }
            case .absent: stand(.known, for: type)
            case .stale(let failure):
                // What was known stays good for decisions; what never was cannot be decided by.
                if case .known? = standings.value[type] { return }
                stand(.failed(failure), for: type)
            case .current: break
            }
        }
    }

    private func stand(_ standing: Standing, for type: ResourceType) {
        var all = standings.value
        all[type] = standing
        standings.set(all)
    }
}
