import Foundation
import JSON
import Testing

@testable import TestSupport

/// What people see of it beside a denial: `countersign scan`, events and reports.
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

    @Test func eventsAndReports() async throws {
        let stage = try await Stage.set()
        let crds = ClusterParts.path("Tests/Fixtures/wgpolicyk8s/crds.yaml")
        try await stage.admin.succeed("apply", "-f", crds)
        try await stage.admin.succeed("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        #expect(try await stage.run("old", "unsigned").status == 0)
        try await stage.applyPolicy()
        let replica = try await Replica.start(
            in: stage.cluster, flags: ["--background-interval", "1s"])
        try await stage.becomes(.denied, "unsigned", "policy enforced")

        // (1) A denial is told on the workload and on the policy; a dry run is not.
        let denied = try await stage.run("denied", "unsigned")
        #expect(denied.status != 0)
        func events(_ object: String, _ namespace: String) async throws -> String {
            try await stage.admin.succeed(
                "get", "events", "--namespace", namespace, "--field-selector", "involvedObject.name=\(object)",
                "-o", "jsonpath={range .items[*]}{.type} {.reason} {.involvedObject.kind} {.message}{\"\\n\"}{end}")
        }
        try await stage.takes("event on the pod") {
            try await events("denied", stage.namespace).contains("Warning PolicyViolation Pod policy check-image fail")
        }
        try await stage.takes("event on the policy") {
            try await events("check-image", "default").contains("Pod \(stage.namespace)/denied: fail (blocked)")
        }
        #expect(try await !events("check-image", "default").contains("probe"))
        let described = try await stage.admin.succeed("describe", "clusterpolicy", "check-image")
        #expect(described.contains("PolicyViolation"), "\(described)")

        // (2) What was there before has a report, and so has what comes.
        func report(_ pod: String) async throws -> String {
            let uid = try await stage.admin.read("{.metadata.uid}", of: "pod", pod, "--namespace", stage.namespace)
            return try await stage.admin.read(
                "{.summary.pass} {.summary.fail} {.results[0].result} {.results[0].policy} {.scope.name}",
                of: "policyreport", "countersign-\(uid)", "--namespace", stage.namespace)
        }
        try await stage.takes("report on what was there", within: .seconds(60)) {
            try await report("old") == "0 1 fail check-image old"
        }
        #expect(try await stage.run("new", "signed2").status == 0)
        try await stage.takes("report on what comes", within: .seconds(60)) {
            try await report("new") == "1 0 pass check-image new"
        }
        let mark = stage.cluster.audit.mark()
        try await Task.sleep(for: .seconds(3))
        // Here: the Pods of tests before this one may still be in the writing.
        let written = try stage.writes(since: mark).filter {
            $0.resource == "policyreports" && $0.objectRef?.namespace == stage.namespace
        }
        #expect(written.isEmpty, "\(written.prefix(20))")

        // (3) A policy that no background scan asks is reported on as objects come; the scans leave that alone.
        let quiet = Policies.modern(stage.images, key: stage.world.key.publicPEM, name: "quiet", action: "Audit")
        try await stage.admin.apply(quiet.replacing("spec:", with: "spec:\n  background: false"))
        func quietResult(_ pod: String) async throws -> String {
            let uid = try await stage.admin.read("{.metadata.uid}", of: "pod", pod, "--namespace", stage.namespace)
            return try await stage.admin.read(
                "{.results[?(@.policy=='quiet')].result}", of: "policyreport", "countersign-\(uid)", "--namespace",
                stage.namespace)
        }
        var count = 0
        try await stage.takes("report by a policy that runs in no background", within: .seconds(60)) {
            count += 1
            guard try await stage.run("quiet-\(count)", "signed2").status == 0 else { return false }
            try await Task.sleep(for: .seconds(3))
            return try await quietResult("quiet-\(count)") == "pass"
        }
        #expect(try await quietResult("old").isEmpty)
        // One that is there is added to.
        try await stage.developer.succeed("label", "pod", "new", "seen=again", "--namespace", stage.namespace)
        try await stage.takes("report that was there before the policy", within: .seconds(60)) {
            guard try await report("new").hasPrefix("2 0 pass") else { return false }
            return try await quietResult("new") == "pass"
        }
        try await Task.sleep(for: .seconds(2))
        #expect(try await quietResult("quiet-\(count)") == "pass")

        // (4) Without the policies there is nothing to say.
        try await stage.admin.succeed("delete", "clusterpolicy", "check-image", "quiet")
        try await stage.takes("reports removed", within: .seconds(120)) {
            try await stage.admin.succeed("get", "policyreports", "--namespace", stage.namespace, "-o", "name").isEmpty
        }
        try stage.expectNothingForbidden()
        await replica.end(SIGTERM)
        try await stage.admin.succeed("delete", "-f", crds)
    }
}
