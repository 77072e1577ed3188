import JSON
import Testing

@testable import Policy

/// Manifests that are given, over what a cluster says.
@Suite struct LayeredFactsTests {
    private func facts(_ text: String) -> ManifestFacts {
        ManifestFacts(PolicyFiles(reading: ["-"], standardInput: { Array(text.utf8) }))
    }

    private static func manifests(_ name: String, _ value: String) -> String {
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: \(name), labels: {from: \(value)}}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: ns}, data: {from: \(value)}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: \(name), namespace: ns}, stringData: {from: \(value)}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: \(name)}
        roleRef: {kind: ClusterRole, name: \(value)}
        subjects: [{kind: User, name: ann}]
        """
    }

    @Test func theFirstCountsAndTheSecondFillsIn() async throws {
        let first = facts(Self.manifests("both", "first"))
        let second = facts(Self.manifests("both", "second") + "\n---\n" + Self.manifests("rest", "third"))
        let layered = LayeredFacts(first, over: second)
        for (name, value) in [("both", "first"), ("rest", "third")] {
            #expect(try await layered.namespaceLabels(name) == ["from": value])
            #expect(try await layered.configMap(name, namespace: "ns")["data"]?["from"]?.string == value)
            #expect(try await layered.secret(name, namespace: "ns") == ["from": Array(value.utf8)])
            let object = try await layered.object(at: "/api/v1/namespaces/ns/configmaps/\(name)")
            #expect(object["data"]?["from"]?.string == value)
        }
        #expect(try await layered.roles(of: UserInfo(username: "ann")).clusterRoles == ["first", "second", "third"])
        #expect(layered.knownNamespaceLabels("both") == nil)
        await #expect(throws: FactFailure.self) { try await layered.namespaceLabels("none") }
        await #expect(throws: FactFailure.self) { try await layered.configMap("none", namespace: "ns") }
        await #expect(throws: FactFailure.self) { try await layered.secret("none", namespace: "ns") }
    }

    @Test func whatTheFirstMayNotTellTheSecondIsNotAsked() async throws {
        let layered = LayeredFacts(NoClusterFacts(), over: facts(Self.manifests("a", "b")))
        await #expect(throws: FactFailure.self) { try await layered.namespaceLabels("a") }
        await #expect(throws: FactFailure.self) { try await layered.configMap("a", namespace: "ns") }
        await #expect(throws: FactFailure.self) { try await layered.secret("a", namespace: "ns") }
        await #expect(throws: FactFailure.self) { try await layered.object(at: "/api/v1/namespaces") }
        await #expect(throws: FactFailure.self) { try await layered.roles(of: UserInfo(username: "ann")) }
    }
}
