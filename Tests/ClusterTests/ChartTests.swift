import Foundation
import HTTPServer
import JSON
import Testing
import YAML

@testable import TestSupport

/// The chart's own language: which values it takes, and what it says.
@Suite(.needsCluster) struct ChartTests {
    private let manifests: Manifests

    init() throws { manifests = try Manifests() }

    /// Every value of values.yaml is in the schema, or nobody could set it; and nothing else is.
    @Test func schemaKnowsEveryValue() throws {
        let values = try #require(
            try YAML.documents(Array(Manifests.read("helm/countersign/values.yaml").utf8)).first
        ).root
        let schema = try Document(Array(try Manifests.read("helm/countersign/values.schema.json").utf8)).root
        func compare(_ values: Value, _ schema: Value, at path: String) {
            guard schema["additionalProperties"]?.boolean == false, let properties = schema["properties"] else {
                return
            }
            let known = Set(properties.members.map { $0.0 }).subtracting(["global"])
            let given = Set(values.members.map { $0.0 })
            // Of resources the defaults say what is there; limits of CPU are for whoever wants them.
            #expect(known == given, "\(path)")
            for (key, value) in values.members {
                if let deeper = properties[key], deeper["properties"] != nil {
                    compare(value, deeper, at: "\(path).\(key)")
                }
            }
        }
        compare(values, schema, at: "values")
    }

    @Test(arguments: [
        "replicas=three", "replicas=-1", "image.pullPolicy=Sometimes", "image.digest=sha256:abc", "image.repository=",
        "server.logLevel=loud", "server.backgroundInterval=hourly", "networkPolicy.registryPorts=[]",
        "networkPolicy.apiServerPorts=[70000]", "rbac.secretNamespaces=[Default]", "certManager.issuer.kind=Vault",
        "highAvailabilty.enabled=true", "server.logFormt=json", "podLabels={a: 1}", "tolerations={}",
        "extraEnv=[{name: NO_PROXY, vale: a}]", "extraEnv=[{name: A, value: 1}]",
    ]) func valueIsRefused(setting: String) async throws {
        let result = try await manifests.tryHelm([setting])
        #expect(result.status != 0 && result.errors.contains("schema"), "\(result)")
    }

    @Test(arguments: ManifestTests.chartSettings) func valuesAreTaken(settings: [String]) async throws {
        #expect(try await manifests.tryHelm(settings).status == 0)
    }

    @Test func notesSayWhatComesNext() async throws {
        let notes = try await manifests.helm(flags: ["--notes"])
        #expect(notes.contains("kubectl -n countersign rollout status deployment/countersign"))
        #expect(notes.contains("highAvailability.enabled=true"))
        let others = try await manifests.helm(
            ["highAvailability.enabled=true", "uninstallHook.enabled=false", "certManager.enabled=true"],
            flags: ["--notes"])
        #expect(!others.contains("--set highAvailability"))
        #expect(others.contains("countersign uninstall"))
        #expect(others.contains("describe certificate"))
    }

    @Test func settingsArriveWhereTheyBelong() async throws {
        func deployment(_ settings: [String], flags: [String] = []) async throws -> Value {
            try #require(
                try Manifest.read(try await manifests.helm(settings, flags: flags)).first { $0.kind == "Deployment" }
            ).value
        }
        func container(_ settings: [String]) async throws -> Value {
            try #require(try await deployment(settings)["spec"]?["template"]?["spec"]?["containers"]?[0])
        }
        let variables = try await container(["extraEnv=[{name: HTTPS_PROXY, value: 'http://proxy:3128'}]"])["env"]
        #expect(variables?.elements.compactMap { $0["name"]?.string } == ["POD_NAMESPACE", "HTTPS_PROXY"])
        let digest = "sha256:" + String(repeating: "0", count: 64)
        #expect(
            try await container(["image.digest=\(digest)"])["image"]?.string
                == "ghcr.io/countersign/countersign@\(digest)")
        #expect(try await container(["image.tag=main"])["image"]?.string == "ghcr.io/countersign/countersign:main")
        let arguments = try await container([
            "server.imagePullSecrets=[one]", "server.extraArgs=['--cache-ttl=5m']", "server.installDefinitions=false",
        ])["args"]?.strings
        #expect(arguments?.suffix(2) == ["--image-pull-secrets=one", "--cache-ttl=5m"])
        #expect(arguments?.contains { $0.hasPrefix("--crds") } == false)
        #expect(try await deployment([])["spec"]?["replicas"]?.integer == 1)
        #expect(try await deployment(["highAvailability.enabled=true"])["spec"]?["replicas"]?.integer == 3)
        #expect(try await deployment(["replicas=0"])["spec"]?["replicas"]?.integer == 0)
        #expect(
            try await deployment(["namespace.create=false"], flags: ["--namespace", "gate"])["metadata"]?["namespace"]?
                .string == "gate")
    }

    /// A Certificate names an issuer that is there: ours, or the one that was named.
    @Test(arguments: [
        ([], "Issuer/countersign"), (["kind=ClusterIssuer"], "Issuer/countersign"),
        (["kind=ClusterIssuer", "name=ca"], "ClusterIssuer/ca"), (["name=ca"], "Issuer/ca"),
    ]) func issuerIsThere(settings: [String], issuer: String) async throws {
        let rendered = try Manifest.read(
            try await manifests.helm(["certManager.enabled=true"] + settings.map { "certManager.issuer.\($0)" }))
        let reference = try #require(
            rendered.first { $0.kind == "Certificate" }?.value["spec"]?["issuerRef"])
        #expect("\(reference["kind"]?.string ?? "")/\(reference["name"]?.string ?? "")" == issuer)
        #expect(rendered.contains { $0.kind == "Issuer" } == (issuer == "Issuer/countersign"))
    }

    /// Where Secrets are narrowed to namespaces, no right over all of them is left.
    @Test func secretsAreNarrowed() async throws {
        let rendered = try Manifest.read(try await manifests.helm(["rbac.secretNamespaces=[one, two]"]))
        let bindings = rendered.filter { $0.value["roleRef"]?["name"]?.string == "countersign-secrets" }
        #expect(
            bindings.map(\.description) == [
                "RoleBinding/one/countersign-secrets", "RoleBinding/two/countersign-secrets",
            ]
        )
    }

    /// The versions that an installation shows are one.
    @Test func versionsAreOne() throws {
        let chart = try #require(
            try YAML.documents(Array(Manifests.read("helm/countersign/Chart.yaml").utf8)).first
        ).root
        let version = try #require(chart["appVersion"]?.string)
        #expect(chart["version"]?.string == version)
        #expect(try Manifests.read("install.yaml").contains("image: ghcr.io/countersign/countersign:\(version)\n"))
    }

    // MARK: What the manifests say of the server is so

    /// The dashboard asks for nothing that nobody counts, and leaves nothing out.
    @Test func dashboardShowsWhatIsCounted() throws {
        let dashboard = try Manifests.read("kustomize/overlays/monitoring/dashboard.json")
        let root = try Document(Array(dashboard.utf8)).root
        #expect(root["panels"].map { Array($0.elements) }?.count ?? 0 > 10)
        let asked = Set(
            dashboard.matches(of: /(?:countersign|process)_[a-z_]+/).map {
                String($0.output).replacing(/_(bucket|sum|count)$/, with: "")
            })
        var counted: Set<String> = []
        let sources = ClusterParts.path("Sources")
        for case let path as String in FileManager.default.enumerator(atPath: sources) ?? .init()
        where path.hasSuffix(".swift") {
            let text = try String(contentsOfFile: sources + "/" + path, encoding: .utf8)
            counted.formUnion(text.matches(of: /"((?:countersign|process)_[a-z_]+)"/).map { String($0.output.1) })
        }
        #expect(asked.subtracting(counted).isEmpty, "nobody counts these")
        #expect(counted.subtracting(asked).isEmpty, "nobody sees these")
    }

    /// Arguments are read before a cluster is asked for: what the server does not know would be wrong usage (64).
    @Test func theExecutableTakesTheArguments() async throws {
        for settings in ManifestTests.chartSettings {
            for manifest in try Manifest.read(try await manifests.helm(settings)) {
                for container in manifest.podSpec?["containers"].map({ Array($0.elements) }) ?? [] {
                    let arguments = (container["args"]?.strings ?? []).map {
                        $0.replacing("$(POD_NAMESPACE)", with: "countersign")
                    }
                    let result = try await Command.run(
                        Parts.countersign, arguments + ["--kubeconfig=\(manifests.scratch.path)/none"],
                        in: manifests.scratch)
                    #expect(result.status != 0 && result.status != 64, "\(manifest) \(arguments): \(result)")
                    #expect(result.errors.contains("none"), "\(result)")
                }
            }
        }
    }

    /// The pod has longer to end than the server takes at most.
    @Test func thePodOutlivesTheDrain() throws {
        let pod = try #require(
            try Manifest.read(Manifests.read("install.yaml")).first { $0.kind == "Deployment" }?.podSpec)
        let grace = try #require(pod["terminationGracePeriodSeconds"]?.integer)
        // After the drain the Lease is given back.
        #expect(Duration.seconds(grace) >= Server.Deadlines().drain + .seconds(5))
    }
}
