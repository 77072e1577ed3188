import Synchronization
import Testing

@testable import Cluster

@Suite("Reads that are shared")
struct SharedReadsTests {
    /// Reads that end when the test says so; each answers with its number.
    private final class Source: Sendable {
        private struct State {
            var count = 0
            var isOpen = false
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        var count: Int { state.withLock { $0.count } }

        @Sendable func read() async -> Int {
            let number = state.withLock { state in
                state.count += 1
                return state.count
            }
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
            return number
        }

        /// Ends the reads that are under way, and those to come as they begin.
        func open() {
            let waiting = state.withLock { state in
                defer { (state.isOpen, state.waiting) = (true, []) }
                return state.waiting
            }
            for read in waiting { read.resume() }
        }
    }

    @Test("Whoever finds a read under way gets the one after it, together with all the others")
    func next() async throws {
        let (reads, source) = (SharedReads<String, Int>(), Source())
        let first = Task { await reads.answer(for: "a", source.read) }
        try await untilTrue { source.count == 1 }
        let others = (0..<20).map { _ in Task { await reads.answer(for: "a", source.read) } }
        // Another key waits for nobody.
        #expect(await reads.answer(for: "b") { 7 } == 7)
        #expect(source.count == 1)
        source.open()
        #expect(await first.value == 1)
        for other in others { #expect(try #require(await other.value) >= 2) }
        // Two, unless one of the twenty comes late on a busy machine.
        #expect(source.count < 10)
        #expect(await reads.answer(for: "a", source.read) == source.count)
    }

    @Test("Nobody waits beyond a deadline, or when cancelled, and the read goes on")
    func leaving() async throws {
        let (reads, source) = (SharedReads<String, Int>(), Source())
        #expect(await reads.answer(for: "a", until: .now + .milliseconds(10), source.read) == nil)
        let cancelled = Task { await reads.answer(for: "a", source.read) }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        let patient = Task { await reads.answer(for: "a", source.read) }
        source.open()
        #expect(try #require(await patient.value) >= 2)
    }
}
