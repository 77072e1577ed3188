import JSON
import Kubernetes
import LocalCluster
import Policy
import Synchronization

@testable import Cluster

/// A leader on demand.
final class GivenLeadership: Leadership {
    private let leads: Latest<Bool>
    init(_ leads: Bool = true) { self.leads = Latest(leads) }
    var isLeader: Bool { leads.value }
    func changes() -> AsyncStream<Bool> { leads.values() }
    func set(_ value: Bool) { leads.set(value) }
}

/// A registrar at work on a cluster in memory.
final class RegistrarStage: Sendable {
    let cluster = LocalCluster()
    let policies: Latest<PolicySnapshot?>
    let caBundle: Latest<CABundle?>
    let leadership: GivenLeadership
    let registrar: WebhookRegistrar
    private let backstage: Backstage
    private let task: Task<Void, Never>

    /// What the registrar asks of a stage that is not there yet when it is made.
    private final class Backstage: Sendable {
        let types = Mutex<[ResourceType]>([])
        let events = Mutex<[WebhookRegistrar.Event]>([])
    }

    init(_ policies: [ImagePolicy]?, caBundle: CABundle? = .pem("CA"), leads: Bool = true) {
        self.policies = Latest(policies.map { PolicySnapshot($0) })
        self.caBundle = Latest(caBundle)
        leadership = GivenLeadership(leads)
        let backstage = Backstage()
        self.backstage = backstage
        var pace = Pace.standard
        pace.jitter = { 0.01 }
        let configuration = WebhookRegistrar.Configuration(
            installation: Installation(), pace: pace, unknownKindInterval: .milliseconds(1))
        let registrar = WebhookRegistrar(
            cluster, configuration: configuration, policies: self.policies, caBundle: self.caBundle,
            leadership: leadership, discovery: { backstage.types.withLock { $0 } },
            observer: { event in backstage.events.withLock { $0.append(event) } })
        self.registrar = registrar
        task = Task { await registrar.run() }
    }

    deinit { task.cancel() }

    var events: [WebhookRegistrar.Event] { backstage.events.withLock { $0 } }

    func discover(_ types: [ResourceType]) { backstage.types.withLock { $0 = types } }

    var mutating: Value? { cluster.object(.mutatingWebhookConfigurations, ObjectName("countersign")) }
    var validating: Value? { cluster.object(.validatingWebhookConfigurations, ObjectName("countersign")) }
    var ofPolicies: Value? { cluster.object(.validatingWebhookConfigurations, ObjectName("countersign-policies")) }

    /// Waits for what comes by itself.
    func until(_ holds: () -> Bool) async {
        while !holds() { await Task.yield() }
    }

    /// Waits until what was heard of has been dealt with.
    func settle() async {
        await until { registrar.registeredCABundles.value != nil }
        for _ in 0..<300 { await Task.yield() }
    }
}
