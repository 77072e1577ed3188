import Cluster
import Foundation
import HTTPClient
import Kubernetes
import OpenSSL
import Policy
import Testing
import YAML

@testable import TestSupport

/// Webhook configurations on a real API server, which fills in what is not said: under the rights that deploy/ gives.
///
/// The cluster is this suite's own, as nobody answers behind the webhooks that are registered here.
@Suite(.needsCluster) struct RegistrationTests {
    private static let configurations = "validatingwebhookconfigurations,mutatingwebhookconfigurations"

    @Test(.timeLimit(.minutes(3)))
    func configurationsAreKept() async throws {
        let cluster = try await APIServer()
        try await Stage.prepare(cluster)
        try await cluster.admin.apply(Replica.pod("replica"))
        let http = try HTTPClient(HTTPClient.Configuration())
        defer { http.close() }
        let authority = try String(contentsOf: URL(filePath: cluster.caFile), encoding: .utf8)
        let api = KubernetesClient(
            http: http,
            configuration: try ClusterConfiguration(
                server: cluster.url, authorities: authority,
                token: try await cluster.token(account: "countersign", pod: "replica")))

        let policies = Latest<PolicySnapshot?>(try Self.policies())
        let caBundle = Latest<CABundle?>(.pem(authority))
        let election = LeaderElection(
            api, lease: ObjectName("countersign", namespace: "countersign"), identity: "replica")
        let registrar = WebhookRegistrar(
            api,
            configuration: WebhookRegistrar.Configuration(
                installation: Installation(webhookURL: "https://127.0.0.1:1")),
            policies: policies, caBundle: caBundle, leadership: election)
        let tasks = [Task { await election.run() }, Task { await registrar.run() }]
        defer { for task in tasks { task.cancel() } }

        // Written once, whatever the API server makes of it.
        #expect(try await eventually { try await Self.webhooks(cluster).count == 5 })
        #expect(try await eventually { registrar.registeredCABundles.value == [authority] })
        var mark = 0
        func writes() throws -> [AuditLog.Entry] {
            try cluster.audit.writes(since: mark).filter { $0.resource.hasSuffix("configurations") }
        }
        try await Task.sleep(for: .seconds(3))
        var seen = try writes()
        #expect(seen.count == 3, "\(seen)")

        // What somebody edits, adds or deletes is put back, with no more than two writes for each.
        let selector = #"[{"op":"add","path":"/webhooks/0/objectSelector/matchLabels","value":{"let":"me"}}]"#
        let foreign = #"""
            [{"op":"add","path":"/webhooks/-","value":{"name":"foreign.example.com","admissionReviewVersions":["v1"],
            "sideEffects":"None","clientConfig":{"url":"https://127.0.0.1:1"},"failurePolicy":"Ignore"}}]
            """#
        let weaker = #"[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]"#
        let good = try await Self.form(cluster)
        for patch in [selector, foreign, weaker] {
            mark = cluster.audit.mark()
            try await cluster.admin.succeed(
                "patch", "mutatingwebhookconfiguration", "countersign", "--type=json", "-p", patch)
            let isRestored = try await eventually(within: .seconds(2)) { try await Self.form(cluster) == good }
            #expect(isRestored, "\(patch)")
            try await Task.sleep(for: .seconds(1))
            seen = try writes()
            #expect((1...2).contains(seen.count), "\(patch): \(seen)")
        }
        mark = cluster.audit.mark()
        try await cluster.admin.succeed("delete", Self.configurations, "countersign")
        #expect(try await eventually(within: .seconds(2)) { try await Self.form(cluster) == good })
        seen = try writes()
        #expect(seen.count == 2, "\(seen)")

        // They go with the policies that need them.
        policies.set(.empty)
        #expect(try await eventually(within: .seconds(2)) { try await Self.webhooks(cluster).count == 1 })
        policies.set(try Self.policies())
        #expect(try await eventually(within: .seconds(2)) { try await Self.webhooks(cluster).count == 5 })

        // A server that runs on stays out of the way of who uninstalls.
        try await Uninstallation(api, Installation(), removesState: true) { print($0) }.run()
        #expect(try await Self.webhooks(cluster).isEmpty)
        try await Task.sleep(for: .seconds(5))
        #expect(try await Self.webhooks(cluster).isEmpty, "not put back by a server that runs on")
        #expect(try await !cluster.admin.has("secret", "countersign-tls", "--namespace", "countersign"))
        #expect(try cluster.audit.forbidden().isEmpty)
    }

    private static func webhooks(_ cluster: APIServer) async throws -> [Substring] {
        try await cluster.admin.read("{.items[*].webhooks[*].name}", of: configurations).split(separator: " ")
    }

    /// What the configurations say, without versions and times.
    private static func form(_ cluster: APIServer) async throws -> String {
        try await cluster.admin.read("{.items[*].webhooks}", of: configurations)
    }

    private static func policies() throws -> PolicySnapshot {
        let key = try PrivateKey.generate().publicKey.pem
        func policy(_ name: String, _ failurePolicy: String, _ kinds: String) -> String {
            """
            apiVersion: kyverno.io/v1
            kind: ClusterPolicy
            metadata: {name: \(name)}
            spec:
              validationFailureAction: Enforce
              failurePolicy: \(failurePolicy)
              webhookTimeoutSeconds: 7
              rules:
              - name: check
                match: {any: [{resources: {kinds: [\(kinds)]}}]}
                verifyImages:
                - imageReferences: ["*"]
                  attestors:
                  - entries:
                    - keys:
                        publicKeys: |
            \(key.split(separator: "\n").map { "              " + $0 }.joined(separator: "\n"))
            """
        }
        let text =
            policy("pods", "Fail", "Pod") + "\n---\n" + policy("more", "Ignore", "tekton.dev/v1/TaskRun, Pod/exec")
        let documents = try YAML.documents(Array(text.utf8))
        let result = PolicyLoader.load(documents: documents.map { (source: "test.yaml", document: $0) })
        return try #require(result.snapshot, "\(result.problems)")
    }
}
