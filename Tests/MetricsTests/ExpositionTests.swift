import Testing

@testable import Metrics

@Suite struct ExpositionTests {
    private func text(_ registry: MetricsRegistry) -> String { String(decoding: registry.render(), as: UTF8.self) }

    @Test func everyKind() {
        let registry = MetricsRegistry(includesProcess: false)
        #expect(text(registry).isEmpty)
        registry.counter("reviews_total", help: "Reviews answered.").increment(by: 3)
        registry.gauge("cache_entries", help: "Entries.").set(1.5)
        registry.gauge("age_seconds", help: "Age.", reading: { 12 })
        registry.counter("dropped_total", help: "Dropped.", reading: { 7 })
        let histogram = registry.histogram("duration_seconds", help: "Time.", bounds: [0.25, 1])
        for value in [0.25, 0.5, 4] { histogram.observe(value) }
        let expected = """
            # HELP reviews_total Reviews answered.
            # TYPE reviews_total counter
            reviews_total 3
            # HELP cache_entries Entries.
            # TYPE cache_entries gauge
            cache_entries 1.5
            # HELP age_seconds Age.
            # TYPE age_seconds gauge
            age_seconds 12
            # HELP dropped_total Dropped.
            # TYPE dropped_total counter
            dropped_total 7
            # HELP duration_seconds Time.
            # TYPE duration_seconds histogram
            duration_seconds_bucket{le="0.25"} 1
            duration_seconds_bucket{le="1"} 2
            duration_seconds_bucket{le="+Inf"} 3
            duration_seconds_sum 4.75
            duration_seconds_count 3

            """
        #expect(text(registry) == expected)
    }

    @Test func familiesInTheOrderOfTheirValues() {
        let registry = MetricsRegistry(includesProcess: false)
        let counters = registry.counters("requests_total", help: "Requests.", labels: ["host", "status"])
        counters.metric("b", "200").increment()
        counters.metric("a", "404").increment(by: 2)
        counters.metric("a", "200").increment(by: 3)
        let gauges = registry.gauges("expiry", help: "Expiry.", labels: ["name"])
        gauges.metric("x").set(-1)
        let histograms = registry.histograms("took", help: "Time.", labels: ["host"], bounds: [1])
        histograms.metric("a").observe(2)
        let expected = """
            # HELP requests_total Requests.
            # TYPE requests_total counter
            requests_total{host="a",status="200"} 3
            requests_total{host="a",status="404"} 2
            requests_total{host="b",status="200"} 1
            # HELP expiry Expiry.
            # TYPE expiry gauge
            expiry{name="x"} -1
            # HELP took Time.
            # TYPE took histogram
            took_bucket{host="a",le="1"} 0
            took_bucket{host="a",le="+Inf"} 1
            took_sum{host="a"} 2
            took_count{host="a"} 1

            """
        #expect(text(registry) == expected)
    }

    @Test func theOverflowSetSaysOther() {
        let registry = MetricsRegistry(includesProcess: false)
        let family = registry.counters("a", help: "b", labels: ["c", "d"], maximumLabelSets: 1)
        for value in 0..<5 { family.metric("\(value)", "x").increment() }
        #expect(text(registry).hasSuffix("a{c=\"0\",d=\"x\"} 1\na{c=\"other\",d=\"other\"} 4\n"))
    }

    @Test func escaping() {
        let registry = MetricsRegistry(includesProcess: false)
        let family = registry.counters("a", help: "back\\slash, \"quotes\"\nand lines", labels: ["b"])
        family.metric("back\\slash, \"quotes\"\nand lines, é").increment()
        let expected = #"""
            # HELP a back\\slash, "quotes"\nand lines
            # TYPE a counter
            a{b="back\\slash, \"quotes\"\nand lines, é"} 1

            """#
        #expect(text(registry) == expected)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1, "1"), (-3, "-3"), (0.1, "0.1"), (1e-7, "1e-07"), (1_700_000_000, "1700000000"),
        (9_007_199_254_740_992, "9007199254740992"), (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        (.nan, "NaN"),
    ])
    func numbers(value: Double, text: String) {
        #expect(ExpositionWriter.text(value) == text)
    }

    @Test(arguments: ["", "1a", "a-b", "a b", "é", "a\n"])
    func namesThatPrometheusDoesNotTake(name: String) {
        #expect(!MetricName.isMetric(name))
        #expect(!MetricName.isLabel(name))
    }

    @Test func namesThatItTakes() {
        for name in ["a", "_a1", "A_b"] { #expect(MetricName.isMetric(name) && MetricName.isLabel(name)) }
        #expect(MetricName.isMetric("a:b") && !MetricName.isLabel("a:b"))
        #expect(!MetricName.isLabel("__name__") && !MetricName.isLabel("le"))
    }
}
