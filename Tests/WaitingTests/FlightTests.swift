import Synchronization
import Testing

@testable import Waiting

private enum Sample {
    static let deadline = ContinuousClock.now + .seconds(60)
}

/// Counts, from wherever.
private final class Counter: Sendable {
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

@Suite struct FlightTests {
    @Test func allWaitersGetTheFirstResult() async {
        let flight = Flight<Int>()
        let results = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 { group.addTask { await flight.value(until: Sample.deadline) } }
            group.addTask {
                flight.land(1)
                flight.land(2)
                return 1
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == Array(repeating: 1, count: 51))
        #expect(await flight.value(until: .now) == 1)
    }

    @Test func waitersLeaveAtTheirDeadline() async {
        let flight = Flight<Int>()
        #expect(await flight.value(until: .now) == nil)
        #expect(await flight.value(until: .now + .milliseconds(5)) == nil)
        flight.land(1)
        #expect(await flight.value(until: .now) == 1)
    }

    @Test func waitersLeaveWhenCancelled() async {
        let flight = Flight<Int>()
        let task = Task { await flight.value(until: Sample.deadline) }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test func workIsDoneOnceAndOutlivesImpatience() async {
        let flights = Flights<String, Int>()
        let counter = Counter()
        let gate = Flight<Void>()
        let impatient = Task {
            await flights.value(for: "k", until: .now + .milliseconds(5)) {
                _ = await gate.value(until: Sample.deadline)
                return counter.add(1)
            }
        }
        #expect(await impatient.value == nil)
        async let patient = flights.value(for: "k", until: Sample.deadline) {
            counter.add(1)
        }
        gate.land(())
        #expect(await patient == 1)
        // What has landed is not remembered here.
        #expect(
            await flights.value(for: "k", until: Sample.deadline) { counter.add(1) } == 2)
    }
}
