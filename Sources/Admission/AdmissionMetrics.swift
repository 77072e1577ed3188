import Metrics
import Policy
import Verification

/// What is counted of reviews and their checks.
public struct AdmissionMetrics: Sendable {
    let reviews: CounterFamily
    let duration: Histogram
    let malformed: Counter
    private let passed: ByCache
    private let skipped: ByCache
    private let failed: ByCache
    private let erred: ByCache

    /// Looked up once, because there is one for each image of each review.
    private struct ByCache {
        let hit: Counter
        let miss: Counter

        init(_ family: CounterFamily, result: String) {
            hit = family.metric(result, "hit")
            miss = family.metric(result, "miss")
        }
    }

    public init(_ registry: MetricsRegistry) {
        reviews = registry.counters(
            "countersign_reviews_total", help: "Admission reviews answered.",
            labels: ["call", "operation", "kind", "verdict"])
        duration = registry.histogram(
            "countersign_review_duration_seconds", help: "Time from a whole review to its answer.",
            bounds: [0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
        let checks = registry.counters(
            "countersign_checks_total", help: "Images checked against a rule, by result.", labels: ["result", "cache"])
        passed = ByCache(checks, result: "pass")
        skipped = ByCache(checks, result: "skip")
        failed = ByCache(checks, result: "fail")
        erred = ByCache(checks, result: "error")
        malformed = registry.counter(
            "countersign_reviews_malformed_total", help: "Bodies that were no admission review.")
    }

    func record(_ request: AdmissionRequest, phase: Phase, verdict: Verdict, duration: Duration) {
        reviews.metric(
            [
                phase.rawValue, request.attributes.operation.rawValue, request.attributes.kind,
                verdict.isAllowed ? "allowed" : "denied",
            ]
        ).increment()
        self.duration.observe(duration)
        for finding in verdict.findings {
            let counters =
                switch finding.result {
                case .pass: passed
                case .skip: skipped
                case .fail: failed
                case .error: erred
                }
            (finding.fromCache ? counters.hit : counters.miss).increment()
        }
    }
}

extension Verdict.Finding.Result {
    /// `pass`, `skip`, `fail` or `error`.
    public var word: String {
        switch self {
        case .pass: "pass"
        case .skip: "skip"
        case .fail: "fail"
        case .error: "error"
        }
    }
}
