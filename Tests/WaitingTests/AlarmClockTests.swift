import Synchronization
import Testing

@testable import Waiting

@Suite("Alarm clock")
struct AlarmClockTests {
    private let clock = AlarmClock()

    @Test("Wakes nobody before the time")
    func wakes() async {
        let instants = (1...20).map { ContinuousClock.now + .milliseconds(5 * $0) }
        await withTaskGroup(of: Bool.self) { group in
            for instant in instants {
                group.addTask {
                    await clock.sleep(until: instant)
                    return ContinuousClock.now >= instant
                }
            }
            for await isLateEnough in group { #expect(isLateEnough) }
        }
    }

    @Test("A nearer alarm goes off while a farther one waits")
    func order() async {
        let far = Task { await clock.sleep(until: .now + .seconds(3600)) }
        for _ in 0..<3 { await clock.sleep(until: .now + .milliseconds(1)) }
        far.cancel()
        await far.value
        await clock.sleep(until: .now)
    }

    @Test("Ticks again after everybody has woken")
    func again() async {
        for _ in 0..<3 { await clock.sleep(until: .now) }
    }

    @Test("A cancelled sleeper leaves at once, whenever the cancellation comes", arguments: 0..<50)
    func cancellation(yields: Int) async {
        let sleeper = Task { await clock.sleep(until: .now + .seconds(3600)) }
        for _ in 0..<yields { await Task.yield() }
        sleeper.cancel()
        await sleeper.value
    }
}
