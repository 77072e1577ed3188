import Foundation
import JSON
import Testing
import YAML

@testable import TestSupport

/// deploy/ on a real API server, and that its three forms say the same.
@Suite(.needsCluster) struct ManifestTests {
    private let manifests: Manifests

    init() throws { manifests = try Manifests() }

    // MARK: One meaning, three forms

    @Test func installIsTheBase() async throws {
        let install = try Manifest.read(Manifests.read("install.yaml"))
        let base = try Manifest.read(try await manifests.kustomize("base"))
        #expect(differences(install, base).isEmpty, "`make manifests` writes install.yaml anew")
        #expect(install.contains { $0.description == "Deployment/countersign/countersign" })
        // Applying it must never replace the definitions that another has made.
        #expect(!install.contains { $0.kind == "CustomResourceDefinition" })
        // The namespace comes before what lies in it.
        #expect(install.first?.kind == "Namespace")
    }

    @Test(arguments: [
        ("base", ["namespace.create=true"]),
        ("overlays/high-availability", ["namespace.create=true", "highAvailability.enabled=true"]),
        ("overlays/cert-manager", ["namespace.create=true", "certManager.enabled=true"]),
    ]) func chartMatches(overlay: String, settings: [String]) async throws {
        let base = try Manifest.read(try await manifests.kustomize(overlay))
        let chart = try Manifest.read(try await manifests.helm(settings))
        let hooks = chart.filter { $0.annotations["helm.sh/hook"] != nil }
        #expect(hooks.map(\.description) == ["Job/countersign/countersign-uninstall"])
        #expect(hooks.first?.annotations["helm.sh/hook"] == "pre-delete")
        #expect(differences(chart.filter { $0.annotations["helm.sh/hook"] == nil }, base).isEmpty)
    }

    @Test func chartMatchesMonitoring() async throws {
        let overlay = try Manifest.read(try await manifests.kustomize("overlays/monitoring"))
        let plain = Set(try Manifest.read(try await manifests.helm()).map(\.description))
        let chart = try Manifest.read(
            try await manifests.helm(["serviceMonitor.enabled=true", "dashboard.enabled=true"]))
        #expect(differences(chart.filter { !plain.contains($0.description) }, overlay).isEmpty)
    }

    @Test func chartLeavesTheNamespaceToHelm() async throws {
        let chart = try Manifest.read(try await manifests.helm())
        let base = try Manifest.read(try await manifests.kustomize("base"))
        #expect(
            differences(chart.filter { $0.kind != "Job" }, base) == ["only the second has Namespace/countersign"])
    }

    @Test func highAvailabilityIsThreeSpreadReplicas() async throws {
        let overlay = try Manifest.read(try await manifests.kustomize("overlays/high-availability"))
        let deployment = try #require(overlay.first { $0.kind == "Deployment" })
        #expect(deployment.value["spec"]?["replicas"]?.integer == 3)
        let pod = try #require(deployment.podSpec)
        #expect(pod["affinity"]?["podAntiAffinity"] != nil)
        #expect(
            pod["topologySpreadConstraints"]?.elements.compactMap { $0["topologyKey"]?.string }
                == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"])
        // A hard one counts control planes, which take no replica, and leaves rollouts without a place.
        #expect(
            pod["topologySpreadConstraints"]?.elements.allSatisfy {
                $0["whenUnsatisfiable"]?.string == "ScheduleAnyway"
            } == true)
        let priority = try #require(overlay.first { $0.kind == "PriorityClass" })
        #expect(pod["priorityClassName"]?.string == priority.name)
        let budget = try #require(overlay.first { $0.kind == "PodDisruptionBudget" })
        #expect(budget.value["spec"]?["maxUnavailable"]?.integer == 1)
    }

    /// Networks do not agree on what a block of addresses is: for Cilium neither nodes, on which the API server runs, nor
    /// pods are in any.
    @Test func theAPIServerIsWithinReach() throws {
        let policy = try #require(
            try Manifest.read(Manifests.read("install.yaml")).first { $0.kind == "NetworkPolicy" })
        let rules = try #require(policy.value["spec"]?["egress"].map { Array($0.elements) })
        func ports(_ rule: Value) -> Set<Int> { Set(rule["ports"]?.elements.compactMap { $0["port"]?.integer } ?? []) }
        #expect(
            rules.filter { $0["to"] == nil }.reduce(into: Set()) { $0.formUnion(ports($1)) }
                == [53, 443, 6443, 8443, 16443])
        for rule in rules {
            // No ports would be all ports.
            #expect(!ports(rule).isEmpty)
            guard let peers = rule["to"].map({ Array($0.elements) }) else { continue }
            #expect(peers.contains { $0["namespaceSelector"] != nil })
            #expect(peers.contains { $0["ipBlock"]?["except"]?.strings.contains("169.254.0.0/16") == true })
        }
    }

    // MARK: The API server takes them

    @Test func everyManifestPassesADryRun() async throws {
        let cluster = try await APIServer.shared()
        try await Stage.prepare(cluster)
        try await ForeignDefinitions.install(in: cluster)

        var streams: [(name: String, text: String)] = []
        for file in Manifests.files() { streams.append((file, try Manifests.read(file))) }
        for overlay in ["base", "overlays/high-availability", "overlays/monitoring", "overlays/cert-manager"] {
            streams.append((overlay, try await manifests.kustomize(overlay)))
        }
        for settings in Self.chartSettings {
            streams.append(("helm \(settings)", try await manifests.helm(settings)))
        }
        #expect(streams.contains { $0.name == "install.yaml" })

        // What is served from 1.21 on has the same form in the version before.
        let lacksPolicyV1 = try await !cluster.admin.succeed("api-versions").contains("policy/v1\n")
        for (name, text) in streams {
            let text =
                lacksPolicyV1 ? text.replacing("apiVersion: policy/v1\n", with: "apiVersion: policy/v1beta1\n") : text
            let result = try await cluster.admin.run("apply", "--dry-run=server", "-f", "-", input: text)
            #expect(result.status == 0, "\(name): \(result.errors)")
            let count = result.output.split(separator: "\n").filter { $0.hasSuffix("(server dry run)") }.count
            #expect(try count == Manifest.read(text).count, "\(name): \(result.output)")
        }
    }

    /// Values that between them render every branch of the templates.
    static let chartSettings: [[String]] = [
        [],
        ["highAvailability.enabled=true", "replicas=5", "image.digest=sha256:\(String(repeating: "a", count: 64))"],
        ["highAvailability.enabled=true", "priorityClassName=system-cluster-critical", "image.tag=main"],
        [
            "certManager.enabled=true", "certManager.issuer.name=ca", "certManager.issuer.kind=ClusterIssuer",
            "networkPolicy.apiServerPorts=[443, 8443]", "networkPolicy.registryPorts=[5000, 3128]",
            "extraVolumes=[{name: ca, configMap: {name: ca}}]",
            "extraVolumeMounts=[{name: ca, mountPath: /ca}]", "server.extraArgs=[--registry-ca=/ca/ca.pem]",
        ],
        [
            "serviceMonitor.enabled=true", "serviceMonitor.labels={release: prometheus}", "dashboard.enabled=true",
            "networkPolicy.enabled=false", "uninstallHook.enabled=false",
            "rbac.secretNamespaces=[default, kube-system]",
        ],
        [
            "server.logLevel=debug", "server.logFormat=text", "server.exceptions=true", "server.backgroundInterval=30m",
            "server.imagePullSecrets=[one, two]", "server.insecureRegistries=['registry.internal:5000']",
            "server.installDefinitions=false", "server.excludeNamespaces=[kube-system, other]",
            "image.pullSecrets=[pull]", "podLabels={team: platform}",
            "extraEnv=[{name: NO_PROXY, value: $(KUBERNETES_SERVICE_HOST)}]",
            "podAnnotations={note: text}", "nodeSelector={kubernetes.io/os: linux}", "tolerations=[{operator: Exists}]",
        ],
    ]

    @Test func whatIsNoManifestIsRefused() async throws {
        let cluster = try await APIServer.shared()
        try await Stage.prepare(cluster)
        let install = try Manifests.read("install.yaml")
        for (good, bad) in [
            ("readOnlyRootFilesystem", "readonlyRootFilesystem"), ("targetPort: https", "targetPort: https://"),
            ("verbs: [patch]", "verbs: patch"), ("cidr: 0.0.0.0/0", "cidr: 0.0.0.0/33"),
        ] {
            let result = try await cluster.admin.run(
                "apply", "--dry-run=server", "-f", "-", input: install.replacing(good, with: bad))
            #expect(result.status != 0, "\(bad)")
        }
    }
}
