import Synchronization

/// Reads of the API server, each done once for all who want it at the same time.
///
/// A read goes on when whoever began it leaves, so it needs a bound on time of its own, as ``KubernetesAPI`` has.
final class SharedReads<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    private let underWay = Mutex<[Key: Task<Answer, Never>]>([:])

    func answer(for key: Key, _ read: @escaping @Sendable () async -> Answer) async -> Answer {
        let task = underWay.withLock { underWay in
            if let task = underWay[key] { return task }
            let task = Task {
                let answer = await read()
                self.underWay.withLock { $0[key] = nil }
                return answer
            }
            underWay[key] = task
            return task
        }
        return await task.value
    }
}
