import Cluster
import Foundation
import HTTPClient
import JSON
import Kubernetes
import Policy
import Testing

@testable import TestSupport

/// What rules and checks ask about a real cluster, with the rights that deploy/ gives.
@Suite(.needsCluster) struct FactsTests {
    private struct Scene {
        let cluster: APIServer
        let api: KubernetesClient
        let namespace: String
        let mark: Int
        private let folder: TemporaryFolder

        init() async throws {
            cluster = try await APIServer.shared()
            try await Stage.prepare(cluster)
            let token = try await cluster.admin.succeed(
                "create", "token", "countersign", "--namespace", APIServer.ourNamespace
            ).trimmingCharacters(in: .newlines)
            folder = try TemporaryFolder("facts")
            let kubeconfig = try folder.write(
                APIServer.kubeconfig(
                    server: "https://127.0.0.1:\(cluster.port)", caFile: cluster.caFile, token: token),
                to: "kubeconfig")
            api = KubernetesClient(
                http: try HTTPClient(HTTPClient.Configuration()),
                configuration: try ClusterConfiguration(kubeconfig: kubeconfig, environment: [:]))
            namespace = "facts-" + UUID().uuidString.prefix(8).lowercased()
            mark = cluster.audit.mark()
            try await cluster.admin.succeed("create", "namespace", namespace)
        }

        /// A Secret or ConfigMap with one entry.
        func put(_ kind: String, _ name: String, _ value: String, in other: String? = nil) async throws {
            try await cluster.admin.apply(
                """
                apiVersion: v1
                kind: \(kind)
                metadata: {name: \(name), namespace: \(other ?? namespace)}
                \(kind == "Secret" ? "stringData" : "data"): {key: "\(value)"}
                """)
        }

        /// No right was missing, and no Secrets were listed but those of our own namespace.
        func expectModesty() throws {
            #expect(try cluster.audit.forbidden(since: mark).isEmpty)
            let lists = try cluster.audit.entries(since: mark).filter {
                $0.verb != "get" && $0.resource == "secrets"
            }
            #expect(lists.allSatisfy { $0.objectRef?.namespace == APIServer.ourNamespace }, "\(lists)")
        }
    }

    @Test func facts() async throws {
        let scene = try await Scene()
        let (admin, namespace) = (scene.cluster.admin, scene.namespace)
        let facts = LiveFacts(scene.api, namespace: APIServer.ourNamespace)
        let running = Task { await facts.run() }
        defer { running.cancel() }

        // Labels: asked for at first, then followed.
        #expect(try await facts.namespaceLabels(namespace)["env"] == nil)
        #expect(try await eventually { facts.isSynced })
        try await admin.succeed("label", "namespace", namespace, "env=prod")
        #expect(try await eventually { facts.knownNamespaceLabels(namespace)?["env"] == "prod" })

        // A Secret elsewhere is new at once after it was rotated; one of ours, and a ConfigMap, by a watch.
        for value in ["old", "new"] {
            try await scene.put("Secret", "key", value)
            #expect(try await facts.secret("key", namespace: namespace) == ["key": Array(value.utf8)])
        }
        for value in ["old", "new"] {
            try await scene.put("Secret", namespace, value, in: APIServer.ourNamespace)
            try await scene.put("ConfigMap", "keys", value)
            #expect(
                try await eventually {
                    try await facts.secret(namespace, namespace: APIServer.ourNamespace)["key"] == Array(value.utf8)
                })
            #expect(
                try await eventually {
                    try await facts.configMap("keys", namespace: namespace)["data"]?["key"]?.string == value
                })
        }
        #expect(try await eventually { facts.statistics.watchedObjects == 2 })
        try await admin.succeed("delete", "secret", namespace, "--namespace", APIServer.ourNamespace)
        await #expect(throws: FactFailure.self) { try await facts.secret("none", namespace: namespace) }

        // Roles, and objects by path.
        let developer = UserInfo(username: "somebody", groups: ["developers"])
        #expect(try await facts.roles(of: developer).clusterRoles.contains("developer"))
        #expect(try await facts.object(at: "/api/v1/namespaces/\(namespace)")["kind"]?.string == "Namespace")
        try scene.expectModesty()
    }

    @Test func pullSecrets() async throws {
        let scene = try await Scene()
        let (admin, namespace) = (scene.cluster.admin, scene.namespace)
        for (name, host) in [("pods", "a.example"), ("accounts", "b.example")] {
            try await admin.succeed(
                "create", "secret", "docker-registry", name, "--namespace", namespace, "--docker-server", host,
                "--docker-username", "ann", "--docker-password", "right")
        }
        try await admin.apply(
            """
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: robot, namespace: \(namespace)}
            imagePullSecrets: [{name: accounts}]
            """)
        let secrets = LivePullSecrets(scene.api, namespace: APIServer.ourNamespace)
        func keychain(_ names: [String], _ account: String, in other: String? = nil) async -> String {
            let names = PullSecretNames(namespace: other ?? namespace, secrets: names, serviceAccount: account)
            let keychain = await secrets.keychain(names, anew: true)
            return "\(keychain) \(keychain.problems)"
        }
        #expect(await keychain(["pods"], "robot") == "Keychain(a.example, b.example) []")
        #expect(await keychain([], "default") == "Keychain() []")
        // The same names in another namespace open nothing.
        #expect(
            await keychain(["pods"], "robot", in: "default")
                == "Keychain() [\"pull secret default/pods does not exist\"]")
        try await admin.succeed("delete", "secret", "pods", "--namespace", namespace)
        #expect(
            await keychain(["pods"], "robot")
                == "Keychain(b.example) [\"pull secret \(namespace)/pods does not exist\"]")
        try scene.expectModesty()
    }
}
