import Cluster
import JSON
import Kubernetes
import LocalCluster
import OpenSSL
import Policy
import Synchronization
import Testing

/// A cluster with policies, and who follows them.
final class PolicyScene: Sendable {
    let cluster = LocalCluster()
    let controller: PolicyController
    private let tale = TellTale()
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// Nobody waits in tests.
    static var quick: Pace {
        var pace = Pace.standard
        pace.sleep = { _ in try? await Task.sleep(for: .milliseconds(1)) }
        return pace
    }

    init(files: LoadResult? = nil, exceptions: Bool = false) {
        controller = PolicyController(
            api: cluster, files: files, honoursExceptions: exceptions, pace: Self.quick, gathering: .zero,
            observer: { [tale] in tale.tell($0.description) })
    }

    /// What the controller told.
    var events: [String] { tale.lines }

    func start() {
        let task = Task { [controller] in await controller.run() }
        tasks.withLock { $0.append(task) }
    }

    /// Runs something beside the controller, as long as the scene is there.
    func run(_ work: @escaping @Sendable () async -> Void) {
        let task = Task { await work() }
        tasks.withLock { $0.append(task) }
    }

    deinit { for task in tasks.withLock({ $0 }) { task.cancel() } }

    /// The first state that is as wanted.
    @discardableResult
    func state(_ isWanted: @Sendable (PolicyState) -> Bool) async throws -> PolicyState {
        for await state in controller.state.values() where isWanted(state) { return state }
        throw CancellationError()
    }

    /// The first synced state with just these policies in force.
    @discardableResult
    func state(with names: [String]) async throws -> PolicyState {
        try await state { $0.snapshot?.policies.map(\.qualifiedName) == names }
    }

    static let key = (try? PrivateKey.generate().publicKey.pem) ?? ""

    /// A policy as JSON.
    static func policy(_ name: String, namespace: String? = nil, spec: String = "", status: String = "") -> String {
        var key = Writer()
        key.string(Self.key)
        let place = namespace.map { #","namespace":"\#($0)""# } ?? ""
        let kind = namespace == nil ? "ClusterPolicy" : "Policy"
        return #"""
            {"apiVersion":"kyverno.io/v1","kind":"\#(kind)","metadata":{"name":"\#(name)"\#(place)},
             "spec":{\#(spec.isEmpty ? "" : spec + ",")"rules":[{"name":"signed",
              "match":{"any":[{"resources":{"kinds":["Pod"]}}]},
              "verifyImages":[{"imageReferences":["registry.test/*"],"key":\#(key.text)}]}]}
              \#(status.isEmpty ? "" : #","status":\#(status)"#)}
            """#
    }

    func put(_ name: String, namespace: String? = nil, spec: String = "", status: String = "") throws {
        try cluster.put(
            namespace == nil ? .clusterPolicies : .policies,
            Self.policy(name, namespace: namespace, spec: spec, status: status))
    }

    func remove(_ name: String, namespace: String? = nil) {
        cluster.remove(namespace == nil ? .clusterPolicies : .policies, ObjectName(name, namespace: namespace))
    }
}

/// Remembers what it was told.
final class TellTale: Sendable {
    private let told = Mutex<[String]>([])

    var lines: [String] { told.withLock { $0 } }

    func tell(_ line: String) { told.withLock { $0.append(line) } }
}

/// A leadership that comes and goes as a test wants it.
final class TakenTurns: Leadership {
    private let leads: Latest<Bool>

    init(_ leads: Bool) { self.leads = Latest(leads) }

    var isLeader: Bool { leads.value }

    func changes() -> AsyncStream<Bool> { leads.values() }

    func lead(_ leads: Bool) { self.leads.set(leads) }
}

/// Waits until something is so, as long as the test has time.
func until(_ isSo: () -> Bool) async throws {
    while !isSo() {
        try Task.checkCancellation()
        await Task.yield()
    }
}
