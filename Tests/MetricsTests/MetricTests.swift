import Metrics
import Testing

@Suite struct MetricTests {
    @Test func aCounterCounts() {
        let counter = Counter()
        #expect(counter.value == 0)
        counter.increment()
        counter.increment(by: 41)
        counter.increment(by: 0)
        #expect(counter.value == 42)
    }

    @Test func aGaugeRisesAndFalls() {
        let gauge = Gauge()
        gauge.set(2.5)
        gauge.increment()
        gauge.add(-3)
        #expect(gauge.value == 0.5)
        gauge.decrement()
        #expect(gauge.value == -0.5)
        gauge.set(7)
        #expect(gauge.value == 7)
    }

    @Test func nothingIsLostBetweenThreads() async {
        let counter = Counter()
        let gauge = Gauge()
        let histogram = Histogram(bounds: [1, 2])
        let family = MetricsRegistry(includesProcess: false).counters("a", help: "", labels: ["b"], maximumLabelSets: 3)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<1000 {
                        counter.increment()
                        gauge.increment()
                        histogram.observe(Double(index % 3) + 0.5)
                        family.metric("\((task + index) % 10)").increment()
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(gauge.value == 8000)
        #expect(histogram.snapshot.count == 8000)
        #expect(histogram.snapshot.sum == 8 * (334 * 0.5 + 333 * 1.5 + 333 * 2.5))
        var total: UInt64 = family.metric("other").value
        for value in 0..<10 where family.metric("\(value)") !== family.metric("other") {
            total += family.metric("\(value)").value
        }
        #expect(total == 8000)
    }

    @Test func aBoundBelongsToItsRange() {
        let histogram = Histogram(bounds: [0.1, 1, 10])
        for value in [-1, 0.1, 0.100_1, 1, 10, 10.1, .infinity] { histogram.observe(value) }
        #expect(histogram.snapshot.cumulativeCounts == [2, 4, 5, 7])
        #expect(histogram.snapshot.count == 7)
        #expect(histogram.snapshot.sum == .infinity)
    }

    @Test func durationsAreSeconds() {
        let histogram = Histogram(bounds: [0.001, 0.01])
        histogram.observe(Duration.milliseconds(5))
        histogram.observe(Duration.seconds(2))
        #expect(histogram.snapshot.cumulativeCounts == [0, 1, 2])
        #expect(abs(histogram.snapshot.sum - 2.005) < 1e-12)
    }

    @Test func aHistogramWithoutBoundsStillCounts() {
        let histogram = Histogram(bounds: [])
        histogram.observe(3)
        #expect(histogram.snapshot.cumulativeCounts == [1])
        #expect(histogram.snapshot.sum == 3)
    }

    @Test func theBoundsOfDurationsAscend() {
        #expect(zip(Histogram.durations, Histogram.durations.dropFirst()).allSatisfy(<))
    }

    @Test func aLabelSetIsMadeOnce() {
        let family = MetricsRegistry(includesProcess: false).counters("a", help: "", labels: ["x", "y"])
        let first = family.metric("1", "2")
        #expect(family.metric(["1", "2"]) === first)
        #expect(family.metric("2", "1") !== first)
        #expect(family.metric("", "12") !== family.metric("12", ""))
    }

    @Test func labelSetsBeyondTheBoundShareOne() {
        let family = MetricsRegistry(includesProcess: false).gauges(
            "a", help: "", labels: ["x", "y"], maximumLabelSets: 2)
        let kept = [family.metric("1", "1"), family.metric("2", "2")]
        let third = family.metric("3", "3")
        #expect(family.metric("4", "4") === third)
        #expect(family.metric("other", "other") === third)
        #expect(family.metric("1", "1") === kept[0])
        #expect(family.metric("2", "2") === kept[1])
    }
}
