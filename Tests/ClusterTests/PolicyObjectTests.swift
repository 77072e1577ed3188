import Cluster
import Foundation
import HTTPClient
import JSON
import Kubernetes
import Testing

@testable import TestSupport

/// Policies as objects of a real API server, followed with the rights that deploy/ gives and no others.
@Suite(.needsCluster) struct PolicyObjectTests {
    private static let definitions = [
        "clusterpolicies.kyverno.io", "policies.kyverno.io", "policyexceptions.kyverno.io",
    ]

    private func client(_ stage: Stage) async throws -> KubernetesClient {
        let token = try await stage.admin.succeed(
            "create", "token", "countersign", "--namespace", APIServer.ourNamespace, "--duration", "10m")
        let kubeconfig = try stage.cluster.folder.write(
            APIServer.kubeconfig(
                server: stage.cluster.url, caFile: stage.cluster.caFile,
                token: token.trimmingCharacters(in: .whitespacesAndNewlines)), to: "policy-objects.kubeconfig")
        return KubernetesClient(
            http: try HTTPClient(HTTPClient.Configuration()),
            configuration: try ClusterConfiguration(kubeconfig: kubeconfig, environment: [:]))
    }

    /// `status reason message` of the condition of a policy.
    private func ready(_ stage: Stage, _ policy: String...) async throws -> String {
        let condition = #"{.status.conditions[?(@.type=="Ready")]"#
        return try await stage.admin.succeed(
            ["get", "-o", "jsonpath=\(condition).status} \(condition).reason} \(condition).message}"] + policy)
    }

    @Test("They take effect, and say what became of them")
    func life() async throws {
        let stage = try await Stage.set()
        let api = try await client(stage)

        // (1) The kinds, which the cluster lacks.
        try await stage.admin.succeed(["delete", "crd"] + Self.definitions)
        let controller = PolicyController(api: api)
        let writer = StatusWriter(api: api, controller: controller, leadership: SoleLeader())
        let installer = DefinitionInstaller(
            api: api, definitions: try .init(folder: ClusterParts.path("deploy/crds")), leadership: SoleLeader())
        let tasks = [
            Task { await controller.run() }, Task { await writer.run() }, Task { await installer.run() },
        ]
        defer { for task in tasks { task.cancel() } }
        try await stage.takes("definitions") {
            guard try await stage.admin.has("crd", Self.definitions[2]) else { return false }
            return controller.state.value.isSynced
        }
        try await stage.admin.succeed("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")

        // (2) A good one, then a bad version of it.
        func names() -> [String]? { controller.state.value.snapshot?.policies.map(\.qualifiedName) }
        try await stage.applyPolicy()
        try await stage.takes("a policy in force") { names() == ["check-image"] }
        try await stage.takes("its status") { try await ready(stage, "cpol", "check-image") == "True InForce in force" }
        let snapshot = controller.state.value.snapshot
        try await stage.admin.succeed(
            "patch", "cpol", "check-image", "--type=merge", "-p", #"{"spec":{"surplus":true}}"#)
        try await stage.takes("the status of a bad one") {
            try await ready(stage, "cpol", "check-image").hasPrefix(
                #"False InvalidLastGoodInForce spec.surplus: unknown field "surplus" in spec; "#)
        }
        #expect(controller.state.value.snapshot === snapshot)
        let table = try await stage.admin.succeed("get", "cpol")
        #expect(table.contains("READY") && table.contains("False"), "\(table)")
        try await stage.admin.succeed("delete", "cpol", "check-image")
        try await stage.takes("its end") { names() == [] }

        // (3) The samples, and one of a namespace.
        try await stage.admin.succeed("apply", "-f", ClusterParts.path("policies"))
        try await stage.takes("the samples' statuses") {
            let statuses = try await stage.admin.read(
                #"{range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}"#, of: "cpol")
            return statuses.split(separator: " ").allSatisfy { $0 == "True" }
                && statuses.split(separator: " ").count == names()?.count
        }
        let namespaced = Policies.modern(stage.images, key: stage.world.key.publicPEM, name: "mine")
            .replacing("kind: ClusterPolicy", with: "kind: Policy")
        try await stage.admin.succeed(["apply", "--namespace", stage.namespace, "-f", "-"], input: namespaced)
        try await stage.takes("a policy of a namespace") {
            try await ready(stage, "pol", "mine", "--namespace", stage.namespace) == "True InForce in force"
        }

        // (4) Nothing was refused to us, and nothing is written twice.
        let writes = try stage.writes().count
        try await Task.sleep(for: .seconds(1))
        #expect(try stage.writes().count == writes)
        try stage.expectNothingForbidden()
    }
}
