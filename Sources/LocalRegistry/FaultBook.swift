/// The faults of a behaviour, with how often each has been met.
struct FaultBook: Sendable {
    private var entries: [(fault: Fault, hits: Int)] = []

    init(_ faults: [Fault]) {
        entries = faults.map { ($0, 0) }
    }

    /// The fault that a request meets, and how many met it before.
    mutating func meet(_ kind: RequestKind, target: String) -> (effect: Fault.Effect, earlierHits: Int)? {
        for index in entries.indices {
            let (fault, hits) = entries[index]
            guard fault.kinds.contains(kind), fault.times.map({ hits < $0 }) ?? true else { continue }
            guard fault.target.map({ target.contains($0) }) ?? true else { continue }
            entries[index].hits += 1
            return (fault.effect, hits)
        }
        return nil
    }
}
