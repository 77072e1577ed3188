import Metrics

/// How the certificates that we make ourselves stand.
///
/// When the serving certificate ends is a metric of the server, wherever its certificate comes from.
public struct CertificateMetrics: Sendable {
    private let authorityExpiry: Gauge
    private let writes: CounterFamily
    private let failures: Counter

    public init(_ registry: MetricsRegistry) {
        authorityExpiry = registry.gauge(
            "countersign_ca_expiry_timestamp_seconds", help: "When the authority of the serving certificate ends.")
        writes = registry.counters(
            "countersign_certificate_writes_total", help: "Writes of the Secret of the certificates, by what they did.",
            labels: ["action"])
        failures = registry.counter(
            "countersign_certificate_failures_total",
            help: "Times that the Secret of the certificates could not be read, used or written.")
    }

    public func count(_ event: CertificateEvent) {
        switch event {
        case .serving(let serving): authorityExpiry.set(serving.authorityNotAfter)
        case .written(let action, _): writes.metric(action).increment()
        case .failed, .unusable, .stale: failures.increment()
        }
    }
}
