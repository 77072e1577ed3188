import Metrics
import Rehearsal

/// What is counted of scans and reports.
struct ScanMetrics: Sendable {
    /// Ended scans, by how they ended.
    let scans: CounterFamily
    /// Objects read by the scan under way, 0 between scans.
    let progress: Gauge
    let results: GaugeFamily
    let duration: Gauge
    let lastSuccess: Gauge
    let reports: CounterFamily

    init(_ registry: MetricsRegistry) {
        scans = registry.counters(
            "countersign_background_scans_total", help: "Background scans ended.", labels: ["result"])
        progress = registry.gauge(
            "countersign_background_scan_objects", help: "Objects read by the background scan under way.")
        results = registry.gauges(
            "countersign_background_results",
            help: "What the last complete background scan found, by rule and image.", labels: ["result"])
        duration = registry.gauge(
            "countersign_background_scan_duration_seconds", help: "How long the last complete background scan took.")
        lastSuccess = registry.gauge(
            "countersign_background_scan_timestamp_seconds",
            help: "When the last complete background scan ended, Unix time.")
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

    func record(_ found: [Row.Result: Int]) {
        for result in Row.Result.allCases { results.metric(result.rawValue).set(found[result] ?? 0) }
    }
}
