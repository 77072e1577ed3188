import Admission
import HTTPServer
import Metrics
import Registry
import Synchronization
import Verification

/// Everything that is counted, and where it is read from.
final class GateMetrics: Sendable {
    let admission: AdmissionMetrics
    let registry = MetricsRegistry()
    private let registryRequests: CounterFamily
    private let registryDuration: Histogram
    private let policies: Gauge
    private let reloadFailures: Counter
    private let certificateExpiry: Gauge

    init() {
        admission = AdmissionMetrics(registry)
        registryRequests = registry.counters(
            "countersign_registry_requests_total", help: "Requests to registries and their token servers.",
            labels: ["host", "status"])
        registryDuration = registry.histogram(
            "countersign_registry_request_duration_seconds", help: "Duration of requests to registries.")
        policies = registry.gauge("countersign_policies_loaded", help: "Policies in force.")
        reloadFailures = registry.counter(
            "countersign_policy_reload_failures_total",
            help: "Reloads that left the last good policies in force, because the new ones cannot be honoured.")
        certificateExpiry = registry.gauge(
            "countersign_certificate_expiry_timestamp_seconds", help: "When the serving certificate ends, Unix time.")
    }

    func render() -> [UInt8] { registry.render() }

    func policiesLoaded(_ count: Int) { policies.set(count) }
    func policyReloadFailed() { reloadFailures.increment() }
    func certificateExpires(_ unixSeconds: Int) { certificateExpiry.set(unixSeconds) }

    /// Counts requests to registries.
    var registryObserver: @Sendable (RegistryObservation) -> Void {
        { observation in
            self.registryRequests.metric(observation.host, Self.word(observation.outcome)).increment()
            self.registryDuration.observe(observation.duration)
        }
    }

    private static func word(_ outcome: RegistryObservation.Outcome) -> String {
        switch outcome {
        case .status(let status): String(status)
        case .timedOut: "timed_out"
        case .unreachable: "unreachable"
        case .unusable: "unusable"
        case .cancelled: "cancelled"
        }
    }

    /// Shows what others count, read when the metrics are asked for.
    func watch(verifier: ImageVerifier, server: Server, sink: LogSink) {
        counter("countersign_cache_hits_total", "Checks answered from memory.") { verifier.statistics.hits }
        counter("countersign_cache_misses_total", "Checks that were not.") { verifier.statistics.misses }
        gauge("countersign_cache_entries", "Verdicts remembered.") { verifier.statistics.entries }
        gauge("countersign_checks_in_flight", "Resolutions and verifications under way.") {
            verifier.statistics.flights
        }
        gauge("countersign_connections_open", "Connections to the webhook.") { server.statistics.connectionsOpen }
        counter("countersign_connections_total", "Connections accepted.") { server.statistics.connectionsAccepted }
        counter("countersign_connections_refused_total", "Connections over the bound.") {
            server.statistics.connectionsRefused
        }
        counter("countersign_handshake_failures_total", "TLS handshakes that failed.") {
            server.statistics.handshakeFailures
        }
        counter("countersign_requests_refused_total", "Requests refused before they reached the gate.") {
            server.statistics.requestsRefused
        }
        counter("countersign_connection_timeouts_total", "Connections cut because they took too long.") {
            let all = server.statistics
            return all.handshakeTimeouts + all.headTimeouts + all.bodyTimeouts + all.writeTimeouts
        }
        counter("countersign_log_lines_dropped_total", "Decision lines that found no room.") { sink.droppedLines }
    }

    private func counter(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Int) {
        registry.counter(name, help: help) { UInt64(max(0, read())) }
    }

    private func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Int) {
        registry.gauge(name, help: help) { Double(read()) }
    }
}
