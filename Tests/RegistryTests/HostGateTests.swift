import Synchronization
import Testing

@testable import Registry

/// Counts, from wherever.
final class Counter: Sendable {
    private let state = Mutex((count: 0, most: 0))

    /// Adds `number` and gives the sum.
    @discardableResult
    func add(_ number: Int) -> Int {
        state.withLock { state in
            state.count += number
            state.most = max(state.most, state.count)
            return state.count
        }
    }

    var most: Int { state.withLock(\.most) }
}

@Suite struct HostGateTests {
    @Test func placesAreBoundedAndHostsForgotten() async {
        let gate = HostGate(places: 3)
        let inside = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    #expect(await gate.enter("h", until: Sample.deadline))
                    inside.add(1)
                    if number % 3 == 0 { await Task.yield() }
                    inside.add(-1)
                    gate.leave("h")
                }
            }
        }
        #expect(inside.most <= 3)
        #expect(gate.hostCount == 0)
    }

    @Test func impatienceAndCancellationLoseNoPlace() async {
        let gate = HostGate(places: 1)
        #expect(await gate.enter("h", until: Sample.deadline))
        #expect(await gate.enter("other", until: Sample.deadline))
        #expect(await !gate.enter("h", until: .now))
        let cancelled = (0..<20).map { _ in Task { await gate.enter("h", until: Sample.deadline) } }
        let waiting = Task { await gate.enter("h", until: Sample.deadline) }
        for task in cancelled { task.cancel() }
        // Some may have left before the place was free, some may race with it: either way nobody keeps it.
        gate.leave("h")
        for task in cancelled where await task.value { gate.leave("h") }
        #expect(await waiting.value)
        gate.leave("h")
        gate.leave("other")
        #expect(gate.hostCount == 0)
    }
}

@Suite struct RememberedTests {
    @Test func expiryAndCapacity() {
        let now = ContinuousClock.now
        var memory = Remembered<Int, String>(capacity: 3)
        for key in 0..<3 { memory.remember("v\(key)", for: key, until: now + .seconds(10 + key), now: now) }
        #expect(memory.value(for: 0, at: now) == "v0")
        #expect(memory.value(for: 0, at: now + .seconds(10)) == nil)
        memory.remember("v3", for: 3, until: now + .seconds(99), now: now)
        #expect(memory.count == 3 && memory.value(for: 0, at: now) == nil && memory.value(for: 1, at: now) == "v1")
        memory.remember("v4", for: 4, until: now + .seconds(99), now: now + .seconds(50))
        #expect(memory.count == 2 && memory.value(for: 3, at: now) == "v3")
        memory.forget(3)
        #expect(memory.value(for: 3, at: now) == nil)
    }

    @Test func costs() {
        let now = ContinuousClock.now
        var memory = Remembered<Int, String>(capacity: 10, budget: 100)
        for key in 0..<4 {
            memory.remember("v", cost: 30, for: key, until: now + .seconds(10 + key), now: now)
        }
        #expect(memory.count == 3 && memory.cost == 90 && memory.value(for: 0, at: now) == nil)
        memory.remember("w", cost: 40, for: 3, until: now + .seconds(20), now: now)
        #expect(memory.count == 3 && memory.cost == 100 && memory.value(for: 3, at: now) == "w")
        // What is too large for all is not remembered, nor is what was there before.
        memory.remember("x", cost: 101, for: 3, until: now + .seconds(20), now: now)
        #expect(memory.count == 2 && memory.cost == 60 && memory.value(for: 3, at: now) == nil)
    }
}
