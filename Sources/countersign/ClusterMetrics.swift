import Cluster
import Kubernetes
import Metrics

/// What a member of a cluster counts.
final class ClusterMetrics: Sendable {
    let certificates: CertificateMetrics
    private let requests: CounterFamily
    private let duration: Histogram
    private let leads: Gauge
    private let rejected: Gauge
    private let isStale: Gauge
    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        certificates = CertificateMetrics(registry)
        requests = registry.counters(
            "countersign_kubernetes_requests_total", help: "Requests to the API server; status 0 is no answer.",
            labels: ["verb", "resource", "status"])
        duration = registry.histogram(
            "countersign_kubernetes_request_duration_seconds",
            help: "Duration of requests to the API server; of watches, until they begin.")
        leads = registry.gauge("countersign_leader", help: "1 while this replica leads.")
        rejected = registry.gauge(
            "countersign_policies_rejected", help: "Policy objects that are not in force as they are written.")
        isStale = registry.gauge(
            "countersign_policies_stale",
            help: "1 while the API server is out of touch, and the last known policies stay in force.")
    }

    var observer: @Sendable (APIObservation) -> Void {
        { observation in
            self.requests.metric(observation.verb, observation.resource, String(observation.status ?? 0)).increment()
            self.duration.observe(observation.duration)
        }
    }

    func leads(_ isLeader: Bool) { leads.set(isLeader ? 1 : 0) }

    func policies(_ state: PolicyState) {
        rejected.set(state.rejectedCount)
        isStale.set(state.isStale ? 1 : 0)
    }

    /// Shows what is known of the cluster, read when the metrics are asked for.
    func watch(_ facts: LiveFacts) {
        registry.gauge("countersign_facts_namespaces", help: "Namespaces whose labels are known.") {
            Double(facts.statistics.namespaces)
        }
        registry.gauge("countersign_facts_watched_objects", help: "ConfigMaps and Secrets followed by name.") {
            Double(facts.statistics.watchedObjects)
        }
        registry.gauge("countersign_facts_role_bindings", help: "Role bindings known; 0 until a policy asks.") {
            Double(facts.statistics.roleBindings)
        }
        registry.gauge(
            "countersign_facts_stale", help: "1 while what is known of the cluster may be old."
        ) { facts.statistics.isStale ? 1 : 0 }
    }
}
