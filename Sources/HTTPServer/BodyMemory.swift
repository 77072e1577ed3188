import Synchronization

/// The memory that all connections' bodies share: a bound, and what is taken of it.
final class BodyMemory: Sendable {
    private let limit: Int
    private let taken = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    private func take(_ bytes: Int) -> Bool {
        let (_, total) = taken.add(bytes, ordering: .relaxed)
        guard total > limit else { return true }
        taken.subtract(bytes, ordering: .relaxed)
        return false
    }

    /// A share, given back when it is let go of. It goes where the body goes: from the connection to a task.
    final class Claim: Sendable {
        private let memory: BodyMemory
        private let bytes = Atomic(0)

        init(on memory: BodyMemory) {
            self.memory = memory
        }

        deinit {
            memory.taken.subtract(bytes.load(ordering: .relaxed), ordering: .relaxed)
        }

        /// Makes the share at least `wanted` bytes; false when there is not so much left. Called by one thread at a time.
        func grow(to wanted: Int) -> Bool {
            let more = wanted - bytes.load(ordering: .relaxed)
            guard more > 0 else { return true }
            guard memory.take(more) else { return false }
            bytes.add(more, ordering: .relaxed)
            return true
        }
    }
}
