import Foundation
import Testing

@testable import TestSupport

/// The API server alone: if these fail, what the other tests say about the gate is worth nothing.
@Suite(.needsCluster) struct HarnessTests {
    @Test func everyPartIsHere() {
        #expect((Parts.missing + ClusterParts.missing).isEmpty, "run `make test-cluster`, which brings all parts")
    }

    @Test func kubectlIsAnswered() async throws {
        let cluster = try await APIServer.shared()
        #expect(try await cluster.admin.succeed("get", "namespaces").contains("kube-system"))
        let created = try await cluster.developer.succeed("run", "harness", "--image=registry.invalid/x:v1")
        #expect(created == "pod/harness created\n")
        #expect(try await cluster.developer.read("{.status.phase}", of: "pod", "harness") == "Pending")
        try await cluster.developer.succeed("delete", "pod", "harness")
        #expect(try await !cluster.developer.has("pod", "harness"))
    }

    @Test func accessIsByRoles() async throws {
        let cluster = try await APIServer.shared()
        let refused = try await cluster.developer.run("get", "clusterroles")
        #expect(refused.status != 0)
        #expect(refused.errors.contains("Forbidden"), "\(refused)")
        #expect(try await cluster.request("GET", "/api/v1/namespaces", token: "nobody").status == 401)
    }

    @Test func aServiceAccountsTokenIsItsOwnAndItsUseIsWrittenDown() async throws {
        let cluster = try await APIServer.shared()
        try await Stage.prepare(cluster)
        try await cluster.admin.apply(Replica.pod("harness"))
        let token = try await cluster.token(account: "countersign", pod: "harness")
        let mark = cluster.audit.mark()
        let refused = try await cluster.request("POST", "/api/v1/namespaces", body: "{}", token: token)
        #expect(refused.status == 403, "\(refused.text)")

        // Its rights are those of deploy/: it may read namespaces, and make none.
        #expect(try await cluster.request("GET", "/api/v1/namespaces", token: token).status == 200)

        let entries = try cluster.audit.writes(since: mark)
        #expect(entries.map(\.replica) == ["harness"])
        #expect(entries.map(\.resource) == ["namespaces"])
        #expect(entries.map(\.code) == [403])
        #expect(try cluster.audit.forbidden(since: mark) == ["create namespaces /api/v1/namespaces"])

        // The token ends with the pod that it was made for.
        try await cluster.admin.succeed("delete", "pod", "harness", "--namespace", "countersign", "--now")
        let isOver = try await eventually {
            try await cluster.request("GET", "/api/v1/namespaces", token: token).status == 401
        }
        #expect(isOver)
    }

    @Test func aRelayIsCutClosedAndOpenedAgain() async throws {
        let cluster = try await APIServer.shared()
        // Nobody listens at the first target: the second is asked.
        let relay = try Relay(to: [try FreePort.find(), cluster.port])
        let folder = try TemporaryFolder("relay")
        let kubeconfig = try folder.write(
            APIServer.kubeconfig(
                server: "https://127.0.0.1:\(relay.port)", caFile: cluster.caFile, token: "admin"), to: "kubeconfig")
        let kubectl = Kubectl(kubeconfig: kubeconfig, folder: folder)
        #expect(try await kubectl.succeed("get", "namespaces").contains("kube-system"))

        let watch = try Child(
            ClusterParts.kubectl, ["--kubeconfig", kubeconfig, "get", "--raw", "/api/v1/namespaces?watch=1"], in: folder
        )
        #expect(try await eventually { watch.output.contains("kube-system") })
        #expect(!watch.hasEnded)
        relay.cut()
        #expect(await watch.end(within: .seconds(10)) != nil)

        relay.close()
        #expect(try await Curl(folder: folder).send("GET", "https://127.0.0.1:\(relay.port)/").status == 0)
        relay.open()
        #expect(try await kubectl.succeed("get", "namespaces").contains("kube-system"))
    }

    @Test func afterACompactionAnOldVersionIsGone() async throws {
        let cluster = try await APIServer.shared()
        func version() async throws -> String {
            try await cluster.admin.succeed("get", "--raw", "/api/v1/namespaces/default/configmaps")
                .firstMatch(of: /"resourceVersion":"([0-9]+)"/).map { String($0.output.1) } ?? ""
        }
        let old = try await version()
        try await cluster.admin.succeed("create", "configmap", "harness", "--namespace", "default")
        try await cluster.admin.succeed("delete", "configmap", "harness", "--namespace", "default")
        await cluster.stop()
        #expect(try await cluster.admin.run("get", "namespaces").status != 0)
        try await cluster.compact()
        try await cluster.start()
        let watch = try await cluster.admin.succeed(
            "get", "--raw", "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=2&resourceVersion=\(old)")
        #expect(watch.contains("\"code\":410"), "\(watch)")
    }
}
