import Foundation
import JSON
import Testing
import YAML

@testable import TestSupport

/// Every pod that deploy/ makes keeps to the restricted Pod Security Standard, field by field, and to what we ask of
/// ourselves beyond it. (The API server of these tests is older than Pod Security admission.)
@Suite(.needsCluster) struct PodSecurityTests {
    @Test func everyPodIsRestricted() async throws {
        let manifests = try Manifests()
        var pods: [(name: String, spec: Value)] = []
        var texts = [("install.yaml", try Manifests.read("install.yaml"))]
        for overlay in ["overlays/high-availability", "overlays/cert-manager"] {
            texts.append((overlay, try await manifests.kustomize(overlay)))
        }
        for settings in ManifestTests.chartSettings { texts.append(("helm", try await manifests.helm(settings))) }
        for (name, text) in texts {
            for manifest in try Manifest.read(text) {
                if let spec = manifest.podSpec { pods.append(("\(name) \(manifest)", spec)) }
                #expect(manifest.kind != "Pod", "written for kinds with a template")
            }
        }
        #expect(pods.contains { $0.name.contains("Job/") } && pods.contains { $0.name.contains("Deployment/") })
        for (name, spec) in pods {
            #expect(PodSecurity.violations(of: spec).isEmpty, "\(name): \(PodSecurity.violations(of: spec))")
            #expect(PodSecurity.ownRules(of: spec).isEmpty, "\(name): \(PodSecurity.ownRules(of: spec))")
        }
    }

    @Test func theNamespaceAsksForIt() throws {
        let namespace = try #require(
            try Manifest.read(Manifests.read("install.yaml")).first { $0.kind == "Namespace" })
        let labels = namespace.value["metadata"]?["labels"]
        for mode in ["enforce", "audit", "warn"] {
            #expect(labels?["pod-security.kubernetes.io/\(mode)"]?.string == "restricted")
        }
        // API servers before 1.21 do not set it, and by it the webhooks leave the namespace out.
        #expect(labels?["kubernetes.io/metadata.name"]?.string == namespace.name)
    }

    /// What the check itself must find.
    @Test(arguments: [
        ("hostNetwork: true", "hostNetwork"),
        ("hostPID: true", "hostPID"),
        ("hostIPC: true", "hostIPC"),
        ("volumes: [{name: a, hostPath: {path: /}}]", "volume a"),
        ("securityContext: {runAsNonRoot: true, runAsUser: 0, seccompProfile: {type: RuntimeDefault}}", "runAsUser"),
        ("securityContext: {runAsNonRoot: true, seccompProfile: {type: Unconfined}}", "seccompProfile"),
        ("securityContext: {runAsNonRoot: true}", "seccompProfile"),
        ("securityContext: {seccompProfile: {type: RuntimeDefault}}", "runAsNonRoot"),
        (
            "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}, sysctls: [{name: kernel.msgmax, value: '1'}]}",
            "sysctls"
        ),
    ]) func podsThatAskForMore(fields: String, finding: String) throws {
        let context =
            fields.hasPrefix("securityContext")
            ? "" : "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"
        let spec = try Self.value(
            """
            \(fields)
            \(context)
            containers:
            - {name: c, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
            """)
        #expect(PodSecurity.violations(of: spec).contains { $0.contains(finding) })
    }

    @Test(arguments: [
        ("{}", "allowPrivilegeEscalation"),
        ("{allowPrivilegeEscalation: true, capabilities: {drop: [ALL]}}", "allowPrivilegeEscalation"),
        ("{allowPrivilegeEscalation: false}", "capabilities"),
        ("{allowPrivilegeEscalation: false, capabilities: {drop: [NET_RAW]}}", "capabilities"),
        ("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [SYS_ADMIN]}}", "capabilities"),
        ("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, privileged: true}", "privileged"),
        ("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, procMount: Unmasked}", "procMount"),
        ("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsUser: 0}", "runAsUser"),
        ("{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: false}", "runAsNonRoot"),
    ]) func containersThatAskForMore(context: String, finding: String) throws {
        for list in ["containers", "initContainers"] {
            let spec = try Self.value(
                """
                securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
                \(list): [{name: c, securityContext: \(context)}]
                """)
            #expect(PodSecurity.violations(of: spec).contains { $0.contains(finding) })
        }
    }

    private static func value(_ text: String) throws -> Value {
        try #require(try YAML.documents(Array(text.utf8)).first).root
    }
}

/// The Pod Security Standard `restricted`.
///
/// Source: Kubernetes, "Pod Security Standards", Baseline and Restricted.
enum PodSecurity {
    private static let volumeKinds: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    ]
    private static let containerLists = ["containers", "initContainers", "ephemeralContainers"]

    static func violations(of pod: Value) -> [String] {
        var found: [String] = []
        for field in ["hostNetwork", "hostPID", "hostIPC"] where pod[field]?.boolean == true {
            found.append("\(field) is true")
        }
        for volume in pod["volumes"].map({ Array($0.elements) }) ?? [] {
            for (kind, _) in volume.members where kind != "name" && !volumeKinds.contains(kind) {
                found.append("volume \(volume["name"]?.string ?? "?") is a \(kind)")
            }
        }
        let context = pod["securityContext"]
        if !(context?["sysctls"].map { Array($0.elements) } ?? []).isEmpty { found.append("sysctls are set") }
        found += common(context, "the pod")
        for list in containerLists {
            for container in pod[list].map({ Array($0.elements) }) ?? [] {
                found += violations(of: container, in: context)
            }
        }
        return found
    }

    private static func violations(of container: Value, in pod: Value?) -> [String] {
        let name = container["name"]?.string ?? "?"
        let context = container["securityContext"]
        var found = common(context, name)
        if context?["privileged"]?.boolean == true { found.append("\(name): privileged") }
        if context?["allowPrivilegeEscalation"]?.boolean != false {
            found.append("\(name): allowPrivilegeEscalation is not false")
        }
        let capabilities = context?["capabilities"]
        if capabilities?["drop"]?.strings.contains("ALL") != true {
            found.append("\(name): capabilities are not all dropped")
        }
        if capabilities?["add"]?.strings.contains(where: { $0 != "NET_BIND_SERVICE" }) == true {
            found.append("\(name): capabilities are added")
        }
        if let mount = context?["procMount"]?.string, mount != "Default" { found.append("\(name): procMount \(mount)") }
        if (context?["runAsNonRoot"] ?? pod?["runAsNonRoot"])?.boolean != true {
            found.append("\(name): runAsNonRoot is not true")
        }
        let profile = (context?["seccompProfile"] ?? pod?["seccompProfile"])?["type"]?.string
        if profile != "RuntimeDefault" && profile != "Localhost" {
            found.append("\(name): seccompProfile \(profile ?? "not set")")
        }
        for port in container["ports"].map({ Array($0.elements) }) ?? [] {
            if let host = port["hostPort"]?.integer, host != 0 { found.append("\(name): hostPort \(host)") }
        }
        return found
    }

    /// What neither a pod nor a container may say.
    private static func common(_ context: Value?, _ name: String) -> [String] {
        var found: [String] = []
        if context?["runAsUser"]?.integer == 0 { found.append("\(name): runAsUser is 0") }
        if context?["runAsNonRoot"]?.boolean == false { found.append("\(name): runAsNonRoot is false") }
        if context?["seccompProfile"]?["type"]?.string == "Unconfined" {
            found.append("\(name): seccompProfile Unconfined")
        }
        if context?["seLinuxOptions"]?["user"] != nil || context?["seLinuxOptions"]?["role"] != nil {
            found.append("\(name): SELinux user or role")
        }
        if context?["windowsOptions"]?["hostProcess"]?.boolean == true { found.append("\(name): hostProcess") }
        return found
    }

    /// What we ask beyond the standard.
    static func ownRules(of pod: Value) -> [String] {
        var found: [String] = []
        if pod["automountServiceAccountToken"]?.boolean != true {
            found.append("whether a token is mounted is not said")
        }
        if pod["serviceAccountName"]?.string != "countersign" { found.append("another account") }
        for container in pod["containers"].map({ Array($0.elements) }) ?? [] {
            let name = container["name"]?.string ?? "?"
            if container["securityContext"]?["readOnlyRootFilesystem"]?.boolean != true {
                found.append("\(name): the root file system can be written")
            }
            let resources = container["resources"]
            for kind in ["cpu", "memory"] where resources?["requests"]?[kind] == nil {
                found.append("\(name): no request of \(kind)")
            }
            if resources?["limits"]?["memory"] == nil { found.append("\(name): no limit of memory") }
            if resources?["limits"]?["cpu"] != nil { found.append("\(name): a limit of CPU lets reviews time out") }
        }
        return found
    }
}
