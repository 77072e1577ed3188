import Synchronization

/// All metrics of a process, by name, and their text for Prometheus.
public final class MetricsRegistry: Sendable {
    /// What a scraper must be told the answer is.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Entry: Sendable {
        let name: String
        let help: String
        let kind: String
        let write: @Sendable (inout ExpositionWriter, String) -> Void
    }

    private let entries = Mutex<[Entry]>([])
    private let process: ProcessMetrics?

    /// - Parameter includesProcess: Whether the process's own memory, CPU time, files and start are told too.
    public init(includesProcess: Bool = true) {
        self.process = includesProcess ? ProcessMetrics() : nil
    }

    public func counter(_ name: String, help: String) -> Counter {
        let counter = Counter()
        add(name, help, "counter") { writer, name in writer.sample(name, [], counter.value) }
        return counter
    }

    public func gauge(_ name: String, help: String) -> Gauge {
        let gauge = Gauge()
        add(name, help, "gauge") { writer, name in writer.sample(name, [], gauge.value) }
        return gauge
    }

    /// A gauge whose value is asked for at each scrape, on the scraping thread.
    public func gauge(_ name: String, help: String, reading: @escaping @Sendable () -> Double) {
        add(name, help, "gauge") { writer, name in writer.sample(name, [], reading()) }
    }

    /// A counter that somebody else keeps, asked for at each scrape, on the scraping thread.
    public func counter(_ name: String, help: String, reading: @escaping @Sendable () -> UInt64) {
        add(name, help, "counter") { writer, name in writer.sample(name, [], reading()) }
    }

    public func histogram(_ name: String, help: String, bounds: [Double] = Histogram.durations) -> Histogram {
        let histogram = Histogram(bounds: bounds)
        add(name, help, "histogram") { writer, name in writer.histogram(name, [], histogram.snapshot) }
        return histogram
    }

    public func counters(
        _ name: String, help: String, labels: [String],
        maximumLabelSets: Int = CounterFamily.defaultMaximumLabelSets
    ) -> CounterFamily {
        let family = CounterFamily(labels: labels, maximumLabelSets: maximumLabelSets) { Counter() }
        add(name, help, "counter") { writer, name in
            for (values, metric) in family.all {
                writer.sample(name, Array(zip(family.labels, values)), metric.value)
            }
        }
        return family
    }

    public func gauges(
        _ name: String, help: String, labels: [String],
        maximumLabelSets: Int = GaugeFamily.defaultMaximumLabelSets
    ) -> GaugeFamily {
        let family = GaugeFamily(labels: labels, maximumLabelSets: maximumLabelSets) { Gauge() }
        add(name, help, "gauge") { writer, name in
            for (values, metric) in family.all {
                writer.sample(name, Array(zip(family.labels, values)), metric.value)
            }
        }
        return family
    }

    public func histograms(
        _ name: String, help: String, labels: [String], bounds: [Double] = Histogram.durations,
        maximumLabelSets: Int = HistogramFamily.defaultMaximumLabelSets
    ) -> HistogramFamily {
        let family = HistogramFamily(labels: labels, maximumLabelSets: maximumLabelSets) { Histogram(bounds: bounds) }
        add(name, help, "histogram") { writer, name in
            for (values, metric) in family.all {
                writer.histogram(name, Array(zip(family.labels, values)), metric.snapshot)
            }
        }
        return family
    }

    /// The text of all metrics, in the order in which they were added (Prometheus exposition format 0.0.4).
    public func render() -> [UInt8] {
        var writer = ExpositionWriter()
        for entry in entries.withLock({ $0 }) {
            writer.head(entry.name, help: entry.help, kind: entry.kind)
            entry.write(&writer, entry.name)
        }
        process?.write(to: &writer)
        return writer.bytes
    }

    private func add(
        _ name: String, _ help: String, _ kind: String,
        write: @escaping @Sendable (inout ExpositionWriter, String) -> Void
    ) {
        precondition(MetricName.isMetric(name), "Prometheus does not take a metric's name")
        entries.withLock { entries in
            precondition(!entries.contains { $0.name == name }, "two metrics have one name")
            entries.append(Entry(name: name, help: help, kind: kind, write: write))
        }
    }
}
