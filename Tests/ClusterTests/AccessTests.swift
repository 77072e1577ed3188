import Foundation
import JSON
import Testing
import YAML

@testable import TestSupport

/// What the server may do: each right with its reason beside it, and none that it has no use for.
@Suite(.needsCluster) struct AccessTests {
    private struct Rule: CustomStringConvertible {
        let role: String
        let groups: [String]
        let resources: [String]
        let names: [String]
        let verbs: [String]

        var description: String { "\(role): \(verbs) \(resources).\(groups) \(names)" }
    }

    private static func rules(_ text: String) throws -> [Rule] {
        try Manifest.read(text).filter { $0.kind == "ClusterRole" || $0.kind == "Role" }.flatMap { manifest in
            (manifest.value["rules"].map { Array($0.elements) } ?? []).map { rule in
                #expect(rule["nonResourceURLs"] == nil)
                return Rule(
                    role: manifest.description, groups: rule["apiGroups"]?.strings ?? [],
                    resources: rule["resources"]?.strings ?? [], names: rule["resourceNames"]?.strings ?? [],
                    verbs: rule["verbs"]?.strings ?? [])
            }
        }
    }

    /// A rule's reason is the comment right above it.
    @Test func eachRuleHasItsReason() async throws {
        for text in [try Manifests.read("install.yaml"), try await Manifests().helm()] {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            var count = 0
            for (index, line) in lines.enumerated() where line.hasPrefix("- apiGroups:") {
                count += 1
                #expect(index > 0 && lines[index - 1].hasPrefix("# "), "line \(index + 1) has no reason")
            }
            #expect(try count == Self.rules(text).count, "each rule begins with `- apiGroups:`")
            #expect(count > 10)
        }
    }

    @Test func nothingIsWide() throws {
        let reads: Set = ["get", "list", "watch"]
        for rule in try Self.rules(Manifests.read("install.yaml")) {
            let all = rule.groups + rule.resources + rule.verbs
            #expect(!all.contains("*"), "\(rule)")
            #expect(
                Set(rule.verbs).isDisjoint(with: ["escalate", "bind", "impersonate", "deletecollection"]), "\(rule)")
            #expect(!rule.resources.contains { $0.hasPrefix("pods/") || $0 == "serviceaccounts/token" }, "\(rule)")
            let writes = Set(rule.verbs).subtracting(reads)
            // Of the whole cluster's Secrets, one at a time and by name.
            if rule.role.hasPrefix("ClusterRole"), rule.resources.contains("secrets") {
                #expect(rule.verbs == ["get"], "\(rule)")
            }
            // Kinds that others own too are changed by name only; a creation cannot be bound to one.
            if !writes.subtracting(["create"]).isEmpty {
                let areOurs = rule.groups == ["wgpolicyk8s.io"] || rule.resources == ["events"]
                let isStatus = rule.resources.allSatisfy { $0.hasSuffix("/status") } && rule.verbs == ["patch"]
                #expect(areOurs || isStatus || !rule.names.isEmpty, "\(rule)")
            }
            // Workloads are read and never written.
            if !Set(rule.resources).isDisjoint(with: ["pods", "deployments", "jobs", "namespaces", "configmaps"]) {
                #expect(writes.isEmpty, "\(rule)")
            }
        }
    }

    /// As the API server sees it.
    @Test func theAccountMayDoWhatItNeedsAndNoMore() async throws {
        let cluster = try await APIServer.shared()
        try await Stage.prepare(cluster)
        let files = [
            "service-account", "cluster-role", "cluster-role-secrets", "cluster-role-reads", "role", "bindings",
        ]
        try await cluster.admin.succeed(
            ["apply"] + files.flatMap { ["-f", "\(Manifests.folder)/kustomize/base/\($0).yaml"] })
        func may(_ verb: String, _ resource: String, in namespace: String = "default") async throws -> Bool {
            try await cluster.admin.run(
                "auth", "can-i", verb, resource, "--namespace", namespace,
                "--as", "system:serviceaccount:countersign:countersign"
            ).status == 0
        }
        for (verb, resource) in [
            ("watch", "namespaces"), ("get", "secrets/pull"), ("create", "events"), ("list", "pods"),
            ("patch", "validatingwebhookconfigurations.admissionregistration.k8s.io/countersign-policies"),
            ("create", "customresourcedefinitions.apiextensions.k8s.io"),
        ] {
            #expect(try await may(verb, resource), "\(verb) \(resource)")
        }
        for (verb, resource) in [
            ("list", "secrets"), ("watch", "secrets"), ("create", "secrets"), ("delete", "pods"), ("create", "pods"),
            ("patch", "validatingwebhookconfigurations.admissionregistration.k8s.io/another"),
            ("delete", "customresourcedefinitions.apiextensions.k8s.io/clusterpolicies.kyverno.io"),
            ("update", "clusterroles.rbac.authorization.k8s.io"), ("get", "pods"), ("watch", "deployments.apps"),
            ("create", "subjectaccessreviews.authorization.k8s.io"),
        ] {
            #expect(try await !may(verb, resource), "\(verb) \(resource)")
        }
        for (verb, resource) in [
            ("create", "secrets"), ("watch", "secrets"), ("update", "secrets/countersign-tls"),
            ("update", "leases.coordination.k8s.io/countersign"),
        ] {
            #expect(try await may(verb, resource, in: "countersign"), "\(verb) \(resource)")
        }
        for (verb, resource) in [
            ("delete", "secrets/pull"), ("update", "leases.coordination.k8s.io/another"),
            // Verbs that nothing in the server uses.
            ("patch", "secrets/countersign-tls"), ("list", "leases.coordination.k8s.io"),
            ("delete", "leases.coordination.k8s.io/countersign"),
        ] {
            #expect(try await !may(verb, resource, in: "countersign"), "\(verb) \(resource)")
        }
    }
}
