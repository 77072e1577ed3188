import Metrics

/// What is counted of PolicyReports, whoever writes them.
public struct ReportMetrics: Sendable {
    private let reports: CounterFamily

    public init(_ registry: MetricsRegistry) {
        reports = registry.counters(
            "countersign_reports_total", help: "PolicyReports written and removed, and failures to.",
            labels: ["result"])
    }

    func record(_ counts: ReportWriter.Counts) {
        for (word, count) in [("written", counts.written), ("removed", counts.removed), ("failed", counts.failed)]
        where count > 0 {
            reports.metric(word).increment(by: count)
        }
    }
}
