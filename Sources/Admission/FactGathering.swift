import Policy
import Registry
import Synchronization

/// Asks the cluster what rules need to know about a request, all at once and by the deadline.
enum FactGathering {
    /// What is not needed stays nil; what is not answered in time is a failure, as any other.
    static func facts(
        _ needs: RuleNeeds, about resource: ResourceAttributes, from cluster: any ClusterFacts,
        deadline: ContinuousClock.Instant
    ) async -> RequestFacts {
        async let labels = namespaceLabels(needs, of: resource, from: cluster, deadline)
        async let roles = roles(needs, of: resource, from: cluster, deadline)
        return RequestFacts(namespaceLabels: await labels, roles: await roles)
    }

    private static func namespaceLabels(
        _ needs: RuleNeeds, of resource: ResourceAttributes, from cluster: any ClusterFacts,
        _ deadline: ContinuousClock.Instant
    ) async -> Result<[String: String], FactFailure>? {
        guard needs.contains(.namespaceLabels) else { return nil }
        let name = resource.namespace
        return await answer(to: "the labels of namespace \(name)", by: deadline) { () async throws(FactFailure) in
            try await cluster.namespaceLabels(name)
        }
    }

    private static func roles(
        _ needs: RuleNeeds, of resource: ResourceAttributes, from cluster: any ClusterFacts,
        _ deadline: ContinuousClock.Instant
    ) async -> Result<UserRoles, FactFailure>? {
        guard needs.contains(.roles) else { return nil }
        let user = resource.userInfo
        return await answer(to: "the roles of \(user.inWords)", by: deadline) { () async throws(FactFailure) in
            try await cluster.roles(of: user)
        }
    }

    /// What `question` answers, or that it took too long: whoever asks does not wait for one that ignores cancellation.
    static func answer<Fact: Sendable>(
        to fact: String, by deadline: ContinuousClock.Instant,
        _ question: @escaping @Sendable () async throws(FactFailure) -> Fact
    ) async -> Result<Fact, FactFailure> {
        let first = First<Result<Fact, FactFailure>>()
        let asking = Task {
            do throws(FactFailure) {
                first.give(.success(try await question()))
            } catch {
                first.give(.failure(error))
            }
        }
        let timer = Task {
            // Cancelled when the answer is there; what is given then comes second and does not count.
            await AlarmClock.shared.sleep(until: deadline)
            first.give(.failure(FactFailure(.unavailable, fact, "the cluster did not answer in time")))
        }
        let answer = await first.value()
        asking.cancel()
        timer.cancel()
        return answer
    }
}

/// The first of several values that are given; one waits for it.
private final class First<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Value, Never>)
        case given(Value)
    }

    private let state = Mutex(State.empty)

    func give(_ value: Value) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
            switch state {
            case .empty:
                state = .given(value)
                return nil
            case .awaited(let continuation):
                state = .given(value)
                return continuation
            case .given: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let given = state.withLock { state -> Value? in
                if case .given(let value) = state { return value }
                state = .awaited(continuation)
                return nil
            }
            if let given { continuation.resume(returning: given) }
        }
    }
}
