import Metrics
import Rehearsal

/// What is counted of scans.
struct ScanMetrics: Sendable {
    /// Ended scans, by how they ended.
    let scans: CounterFamily
    /// Objects read by the scan under way, 0 between scans.
    let progress: Gauge
    let results: GaugeFamily
    let duration: Gauge
    let lastSuccess: Gauge

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
    }

    func record(_ found: [Row.Result: Int]) {
        for result in Row.Result.allCases { results.metric(result.rawValue).set(found[result] ?? 0) }
    }

    /// Another replica looks now, and what this one saw last is no longer how things are.
    func forget() {
        record([:])
        duration.set(0)
    }
}
