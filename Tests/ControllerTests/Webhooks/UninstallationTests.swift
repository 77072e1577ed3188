import Kubernetes
import LocalCluster
import Policy
import Synchronization
import Testing

@testable import Cluster

@Suite("Uninstalling", .timeLimit(.minutes(1)))
struct UninstallationTests {
    private let cluster = LocalCluster()
    private let lease = ObjectName("countersign", namespace: "countersign")
    private let quick = Uninstallation.Timings(hold: .seconds(60), notice: .zero, settling: .zero)

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private func uninstall(removesState: Bool = false) async throws -> [String] {
        let lines = Lines()
        try await Uninstallation(
            cluster, Installation(), removesState: removesState, timings: quick, report: { lines.add($0) }
        ).run()
        return lines.all
    }

    private func install() throws {
        for target in DesiredWebhooks.all {
            try cluster.put(target.type, #"{"metadata":{"name":"\#(target.name)"}}"#)
        }
        try cluster.put(.secrets, #"{"metadata":{"name":"countersign-tls","namespace":"countersign"}}"#)
    }

    private var isRegistered: Bool { DesiredWebhooks.all.contains { cluster.object($0.type, $0.name) != nil } }

    @Test("Stops the leader, deletes the webhooks, and leaves the rest")
    func uninstalling() async throws {
        try install()
        let leader = LeaderElection(cluster, lease: lease, identity: "server-1")
        _ = await leader.attempt()
        let lines = try await uninstall()
        #expect(
            lines == [
                "took the lease countersign/countersign over from server-1; it stops writing",
                "deleted ValidatingWebhookConfiguration countersign",
                "deleted MutatingWebhookConfiguration countersign",
                "deleted ValidatingWebhookConfiguration countersign-policies",
            ])
        #expect(!isRegistered)
        #expect(cluster.object(.secrets, ObjectName("countersign-tls", namespace: "countersign")) != nil)
        _ = await leader.attempt()
        #expect(!leader.isLeader)
    }

    @Test("Done again, it finds nothing and says so")
    func twice() async throws {
        try install()
        _ = try await uninstall(removesState: true)
        #expect(cluster.object(.secrets, ObjectName("countersign-tls", namespace: "countersign")) == nil)
        #expect(
            try await uninstall(removesState: true) == [
                "ValidatingWebhookConfiguration countersign is not there",
                "MutatingWebhookConfiguration countersign is not there",
                "ValidatingWebhookConfiguration countersign-policies is not there",
                "Secret countersign/countersign-tls is not there",
            ])
    }

    @Test("The Secret goes on request, and the Lease stays held: a server that runs on must not begin anew")
    func state() async throws {
        try install()
        let leader = LeaderElection(cluster, lease: lease, identity: "server-1")
        _ = await leader.attempt()
        #expect(try await uninstall(removesState: true).last == "deleted Secret countersign/countersign-tls")
        for _ in 0..<3 { _ = await leader.attempt() }
        #expect(!leader.isLeader)
    }

    @Test("A lease that its holder renews in between is taken at the next attempt")
    func conflict() async throws {
        try install()
        let leader = LeaderElection(cluster, lease: lease, identity: "server-1")
        _ = await leader.attempt()
        let spoiled = Mutex(2)
        cluster.fail { request in
            guard request.verb == "update" else { return nil }
            let isSpoiled = spoiled.withLock { count in
                count -= 1
                return count >= 0
            }
            return isSpoiled ? .status(409, reason: "Conflict", message: "changed") : nil
        }
        #expect(try await uninstall().first?.contains("server-1") == true)
    }

    @Test("What the API server refuses is a failure, and nothing is claimed")
    func forbidden() async throws {
        try install()
        cluster.fail { $0.verb == "delete" ? .status(403, reason: "Forbidden", message: "no") : nil }
        await #expect(throws: APIFailure.status(403, reason: "Forbidden", message: "no")) {
            try await uninstall()
        }
        #expect(isRegistered)
    }

    @Test("A server that runs on does not register again while the lease is held")
    func running() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()])
        await stage.until { stage.validating != nil }
        // Its lease is gone: it does not lead.
        stage.leadership.set(false)
        try await Uninstallation(stage.cluster, Installation(), removesState: false, timings: quick, report: { _ in })
            .run()
        await stage.settle()
        #expect(stage.mutating == nil && stage.validating == nil && stage.ofPolicies == nil)
    }
}
