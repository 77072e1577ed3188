import Testing

@testable import Verification

@Suite struct MemoryTests {
    let now = ContinuousClock.now

    @Test func untilItExpires() {
        let memory = Memory<Int, String>(capacity: 10)
        memory.remember("one", for: 1, at: now, lasting: .seconds(5))
        #expect(memory.value(for: 1, at: now) == "one")
        #expect(memory.value(for: 1, at: now + .seconds(4)) == "one")
        #expect(memory.value(for: 1, at: now + .seconds(5)) == nil)
        #expect(memory.value(for: 2, at: now) == nil)
    }

    @Test func theLatestCounts() {
        let memory = Memory<Int, String>(capacity: 10)
        memory.remember("bad", for: 1, at: now, lasting: .seconds(9))
        for number in 10..<15 { memory.remember("", for: number, at: now, lasting: .seconds(9)) }
        memory.remember("good", for: 1, at: now, lasting: .seconds(5))
        #expect(memory.value(for: 1, at: now) == "good")
        #expect(memory.count == 6)
        for number in 15..<20 { memory.remember("", for: number, at: now, lasting: .seconds(9)) }
        #expect(memory.value(for: 1, at: now) != "bad")
    }

    @Test(arguments: [0, 1, 2, 3, 7, 100])
    func neverMoreThanItsCapacity(capacity: Int) {
        let memory = Memory<Int, Int>(capacity: capacity)
        for number in 0..<1000 {
            memory.remember(number, for: number, at: now, lasting: .seconds(5))
            #expect(memory.count <= capacity)
            #expect(memory.value(for: number, at: now) == (capacity > 0 ? number : nil))
            _ = memory.value(for: number / 2, at: now)
            #expect(memory.count <= capacity)
        }
    }

    @Test func costsAreBounded() {
        let memory = Memory<Int, Int>(capacity: 50, budget: 100, maximumCost: 40)
        for number in 0..<1000 {
            let cost = number % 45
            memory.remember(number, cost: cost, for: number % 60, at: now, lasting: .seconds(5))
            #expect(memory.cost <= 100)
            #expect(memory.count <= 50)
            #expect(memory.value(for: number % 60, at: now) == (cost <= 40 ? number : nil))
        }
        // What is too large now is forgotten as it was.
        memory.remember(1, cost: 1, for: 1, at: now, lasting: .seconds(5))
        memory.remember(2, cost: 41, for: 1, at: now, lasting: .seconds(5))
        #expect(memory.value(for: 1, at: now) == nil)
        // The same key pays once.
        let single = Memory<Int, Int>(capacity: 50, budget: 100)
        for cost in [60, 100, 1, 99] { single.remember(cost, cost: cost, for: 1, at: now, lasting: .seconds(5)) }
        #expect(single.cost == 99)
        #expect(single.count == 1)
    }

    /// Every entry stays where it can be found while others go.
    @Test func costsOfTheRestRemain() {
        let memory = Memory<Int, Int>(capacity: 100, budget: 1000)
        for number in 0..<2000 {
            let key = number * 31 % 150
            memory.remember(key, cost: number * number % 200, for: key, at: now, lasting: .seconds(5))
            for key in 0..<150 { #expect([nil, key].contains(memory.value(for: key, at: now))) }
            #expect(memory.cost <= 1000)
        }
    }

    /// Whatever fits is kept, however it is asked for.
    @Test func theWholeCapacityCounts() {
        let memory = Memory<Int, Int>(capacity: 100)
        for number in 0..<100 { memory.remember(number, for: number, at: now, lasting: .seconds(5)) }
        for number in (0..<1000).map({ $0 * 37 % 100 }) { #expect(memory.value(for: number, at: now) == number) }
    }

    @Test func whatHasExpiredGoesFirst() {
        let memory = Memory<Int, Int>(capacity: 10)
        for number in 0..<10 {
            memory.remember(number, for: number, at: now, lasting: .seconds(number == 7 ? 1 : 100))
            _ = memory.value(for: number, at: now)
        }
        memory.remember(10, for: 10, at: now + .seconds(2), lasting: .seconds(100))
        for number in 0...10 where number != 7 {
            #expect(memory.value(for: number, at: now + .seconds(2)) == number)
        }
    }

    /// Something that is asked for again and again outlives everything that is not.
    @Test func whatIsUsedIsKept() {
        let memory = Memory<Int, Int>(capacity: 10)
        memory.remember(-1, for: -1, at: now, lasting: .seconds(5))
        for number in 0..<1000 {
            memory.remember(number, for: number, at: now, lasting: .seconds(5))
            #expect(memory.value(for: -1, at: now) == -1)
        }
    }

    @Test func negativeCapacityIsNone() {
        let memory = Memory<Int, Int>(capacity: -5)
        memory.remember(1, for: 1, at: now, lasting: .seconds(5))
        #expect(memory.count == 0)
    }
}

@Suite struct FlightTests {
    let time = ManualTime()

    private var later: ContinuousClock.Instant { time.now + .seconds(10) }

    @Test func everybodyGetsTheResult() async {
        let flight = Flight<Int>()
        let time = time
        await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 { group.addTask { await flight.value(before: later, by: time.timekeeper) } }
            for _ in 0..<50 { group.addTask { await flight.value() } }
            await time.sleepers(50)
            flight.land(7)
            flight.land(8)
            for await value in group { #expect(value == 7) }
        }
        #expect(await flight.value() == 7)
        #expect(await flight.value(before: time.now, by: time.timekeeper) == 7)
    }

    @Test func whoseDeadlinePassesLeaves() async {
        let flight = Flight<Int>()
        let time = time
        async let hurried = flight.value(before: time.now + .seconds(1), by: time.timekeeper)
        async let patient = flight.value(before: time.now + .seconds(5), by: time.timekeeper)
        await time.sleepers(2)
        time.advance(by: .seconds(2))
        #expect(await hurried == nil)
        flight.land(7)
        #expect(await patient == 7)
    }

    @Test func oneFlightForAKey() async {
        let flights = Flights<String, Int>(limit: 2)
        let gate = Gate(open: false)
        let work: @Sendable () async -> Int = {
            await gate.pass()
            return 1
        }
        let first = flights.join("a", work)
        #expect(first === flights.join("a", work))
        #expect(flights.join("b", work) !== first)
        #expect(flights.count == 2)
        #expect(flights.join("c", work) == nil)
        #expect(flights.join("a", work) === first)
        await gate.holds(2)
        gate.open()
        #expect(await first?.value() == 1)
        #expect(await flights.join("b", work)?.value() == 1)
        #expect(await flights.join("c", work)?.value() == 1)
    }
}
