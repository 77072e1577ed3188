import JSON
import Kubernetes
import Synchronization

/// The webhook configurations as they are in the cluster, kept up by watches of their three names, and by what is
/// written here.
final class LiveWebhooks: Sendable {
    private let entries: Mutex<[TrackedObject]>
    /// The CA certificates that the configurations carry, as PEM text: one where all agree, none where none exists; nil
    /// before all are known.
    let caBundles = Latest<Set<String>?>(nil)

    init(count: Int) { entries = Mutex(Array(repeating: TrackedObject(), count: count)) }

    var isKnown: Bool { entries.withLock { $0.allSatisfy(\.isKnown) } }

    subscript(index: Int) -> Value? { entries.withLock { $0[index].object } }

    func take(_ observation: Observation, at index: Int) { change { $0[index].take(observation) } }

    /// What a write that begins now hands in with its answer.
    func moment(at index: Int) -> TrackedObject.Moment { entries.withLock { $0[index].moment } }

    /// Takes what the API server answered to a write of ours; nil when it was a deletion.
    func wrote(_ object: Value?, at index: Int, since moment: TrackedObject.Moment) {
        change { $0[index].take(answer: object, since: moment) }
    }

    private func change(_ take: (inout [TrackedObject]) -> Bool) {
        entries.withLock { entries in
            guard take(&entries), entries.allSatisfy(\.isKnown) else { return }
            let bundles = entries.compactMap(\.object).reduce(into: Set()) {
                $0.formUnion(LiveConfiguration.caBundles(of: $1))
            }
            // Under the lock: of two that are told at once, the older must not come last.
            if bundles != caBundles.value { caBundles.set(bundles) }
        }
    }
}
