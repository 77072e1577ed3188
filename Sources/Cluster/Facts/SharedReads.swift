import Synchronization
import Waiting

/// Reads of the API server, each done once for all who want it at the same time.
///
/// An answer is never older than the question: whoever finds a read under way shares the one after it with all others who
/// came meanwhile, since the first may have passed over what changed just now. So however many ask, two reads are enough.
///
/// A read goes on when whoever began it leaves, so it needs a bound on time of its own, as ``KubernetesAPI`` has.
final class SharedReads<Key: Hashable & Sendable, Answer: Sendable>: Sendable {
    private struct Read: Sendable {
        let flight: Flight<Answer>
        let ask: @Sendable () async -> Answer
    }

    /// A read that has begun.
    private struct UnderWay {
        /// The one that begins when it ends.
        var next: Read?
    }

    private let underWay = Mutex<[Key: UnderWay]>([:])

    /// Longer than two reads take, one after the other, each of which has its own bound (35 s, and its repetitions).
    private static var limit: Duration { .seconds(120) }

    /// - Returns: nil when `deadline` passed or the calling task was cancelled first.
    func answer(
        for key: Key, until deadline: ContinuousClock.Instant? = nil, _ ask: @escaping @Sendable () async -> Answer
    ) async -> Answer? {
        let mine = Read(flight: Flight(), ask: ask)
        let (flight, isFirst) = underWay.withLock { underWay in
            guard let current = underWay[key] else {
                underWay[key] = UnderWay()
                return (mine.flight, true)
            }
            let next = current.next ?? mine
            underWay[key]?.next = next
            return (next.flight, false)
        }
        if isFirst { begin(mine, key) }
        return await flight.value(until: deadline ?? .now + Self.limit)
    }

    private func begin(_ read: Read, _ key: Key) {
        Task {
            let answer = await read.ask()
            // Before the next one begins: who comes from now on may not share it.
            let next = underWay.withLock { underWay in
                let next = underWay[key]?.next
                underWay[key] = next.map { _ in UnderWay() }
                return next
            }
            read.flight.land(answer)
            if let next { begin(next, key) }
        }
    }
}
