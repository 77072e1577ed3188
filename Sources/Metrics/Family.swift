import Synchronization

public typealias CounterFamily = Family<Counter>
public typealias GaugeFamily = Family<Gauge>
public typealias HistogramFamily = Family<Histogram>

/// Metrics of one name that differ in the values of their labels.
///
/// Looking up takes a lock and a dictionary: on a hot path, look the metric up once and keep it.
public final class Family<Metric: Sendable>: Sendable {
    /// Each label set costs memory here and in Prometheus for ever, and label values may come from outside.
    public static var defaultMaximumLabelSets: Int { 1000 }

    /// The value of every label of the set that stands in for those beyond the bound.
    public static var overflowValue: String { "other" }

    public let labels: [String]
    public let maximumLabelSets: Int

    private let make: @Sendable () -> Metric
    private let metrics = Mutex<[[String]: Metric]>([:])

    init(labels: [String], maximumLabelSets: Int, make: @escaping @Sendable () -> Metric) {
        precondition(labels.allSatisfy(MetricName.isLabel), "Prometheus does not take a label's name")
        precondition(Set(labels).count == labels.count, "each label has one value")
        precondition(maximumLabelSets > 0, "a family holds something")
        self.labels = labels
        self.maximumLabelSets = maximumLabelSets
        self.make = make
    }

    /// The metric with these label values, one for each of ``labels`` and in their order.
    ///
    /// Once ``maximumLabelSets`` are held, new ones share one whose labels all say `other`.
    public func metric(_ values: String...) -> Metric {
        metric(values)
    }

    /// As ``metric(_:)``, for values in an array.
    public func metric(_ values: [String]) -> Metric {
        precondition(values.count == labels.count, "each label has one value")
        return metrics.withLock { metrics in
            if let known = metrics[values] { return known }
            let overflow = [String](repeating: Self.overflowValue, count: labels.count)
            let key = metrics.count < maximumLabelSets ? values : overflow
            if let known = metrics[key] { return known }
            let made = make()
            metrics[key] = made
            return made
        }
    }

    /// Every metric with its label values, in the values' order.
    var all: [(values: [String], metric: Metric)] {
        metrics.withLock { metrics in metrics.map { (values: $0.key, metric: $0.value) } }
            .sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }
}
