import Foundation
import JSON
import Testing

@testable import TestSupport

/// What people see of it beside a denial.
@Suite(.needsCluster) struct SeenTests {
    private func scan(_ stage: Stage, _ flags: [String]) async throws -> CommandResult {
        try await Command.run(
            Parts.countersign, ["scan", "--kubeconfig", stage.admin.kubeconfig] + flags,
            in: try TemporaryFolder("scan"))
    }

    @Test func scanTellsWhatRunsAndWritesNothing() async throws {
        let stage = try await Stage.set()
        // There before any policy is.
        #expect(try await stage.run("good", "signed2").status == 0)
        #expect(try await stage.run("bad", "unsigned").status == 0)
        #expect(try await stage.run("bad-too", "unsigned").status == 0)
        try await stage.developer.succeed(
            "create", "deployment", "web", "--image", stage.world.image("unsigned"), "--namespace", stage.namespace)
        let nothing = try await scan(stage, [])
        #expect(nothing.status == 2)
        #expect(nothing.errors.contains("there is no policy with verifyImages rules in the cluster"))

        try await stage.applyPolicy()
        let before = try await versions(stage)
        let table = try await scan(stage, ["--namespace", stage.namespace])
        #expect(table.status == 1, "\(table)")
        let lines = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.contains { $0.prefix(5) == [stage.namespace, stage.world.image("signed2"), "1", "0", "pass"] })
        #expect(
            lines.contains {
                $0.prefix(6)
                    == [stage.namespace, stage.world.image("unsigned"), "2", "1", "fail", "check-image"]
            }, "\(table)")
        #expect(table.output.contains("signature not found"))
        #expect(!table.output.contains("\u{1B}"))

        let json = try await scan(stage, ["--output", "json"])
        #expect(json.status == 1)
        let report = try Document(Array(json.output.utf8)).root
        #expect(report["summary"]?["denied"]?.integer ?? 0 >= 3)
        #expect(report["denied"]?.elements.contains { $0.string == "Deployment/\(stage.namespace)/web" } == true)
        #expect(try await versions(stage) == before)

        // Policies of files instead of the cluster's, and such as deny nothing.
        let folder = try TemporaryFolder("scan-policies")
        let audit = try folder.write(
            Policies.modern(stage.images, key: stage.world.key.publicPEM, name: "look", action: "Audit"),
            to: "policy.yaml")
        let allowed = try await scan(stage, ["--policies", audit, "--namespace", stage.namespace])
        #expect(allowed.status == 0, "\(allowed)")
        #expect(allowed.output.contains("fail (audit)"))

        let unreachable = try await Command.run(
            Parts.countersign,
            [
                "scan", "--kubeconfig",
                try folder.write(
                    APIServer.kubeconfig(
                        server: "https://127.0.0.1:\(try FreePort.find())", caFile: stage.cluster.caFile,
                        token: "admin"),
                    to: "kubeconfig"),
            ], in: folder)
        #expect(unreachable.status == 2, "\(unreachable)")
    }

    /// The versions of everything in the namespace: unchanged where nothing was written.
    private func versions(_ stage: Stage) async throws -> String {
        try await stage.admin.succeed(
            "get", "pods,deployments,events", "--namespace", stage.namespace, "-o",
            "jsonpath={range .items[*]}{.metadata.name} {.metadata.resourceVersion};{end}")
    }
}
