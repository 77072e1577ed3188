import Policy
import Testing

@testable import Rehearsal

@Suite struct ManifestTests {
    @Test func severalDocumentsAndLists() {
        let read = manifests(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: a}
            ---
            # nothing here
            ---
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: Pod, metadata: {name: b}}
            - apiVersion: apps/v1
              kind: DeploymentList
              items: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: c}}]
            """)
        #expect(read.problems.isEmpty)
        #expect(read.manifests.map(\.name) == ["a", "b", "c"])
        #expect(read.manifests.map(\.group) == ["", "", "apps"])
        #expect(read.manifests.map(\.version) == ["v1", "v1", "v1"])
    }

    /// Texts that are no manifests, and a word of what is said about them.
    static let unreadable = [
        ("a: [", "line"), ("[]", "no Kubernetes object"), ("kind: Pod", "apiVersion and kind"),
        ("{apiVersion: v1, kind: Pod, metadata: {name: 7}}", "metadata.name must be a string"),
        ("{apiVersion: v1, kind: List, items: [7]}", "items[0]"),
    ]

    @Test(arguments: unreadable) func whatIsNoManifestIsAProblem(text: String, word: String) throws {
        let read = manifests(text)
        #expect(read.manifests.isEmpty)
        let problem = try #require(read.problems.first)
        #expect("\(problem)".contains(word))
        #expect("\(problem)".hasPrefix("standard input: "))
    }

    @Test func listsInListsEnd() {
        var text = "{apiVersion: v1, kind: Pod, metadata: {name: a}}"
        for _ in 0..<8 { text = "{apiVersion: v1, kind: List, items: [\(text)]}" }
        #expect(manifests(text).problems.count == 1)
    }

    @Test func missingFilesAreProblems() {
        #expect(Manifests(PolicyFiles(reading: ["/nowhere/at/all.yaml"])).problems.count == 1)
    }

    @Test(arguments: [
        ("Pod", "pods"), ("NetworkPolicy", "networkpolicies"), ("Ingress", "ingresses"), ("Endpoints", "endpoints"),
        ("Gateway", "gateways"), ("CronJob", "cronjobs"), ("Batch", "batches"),
    ])
    func plurals(kind: String, plural: String) { #expect(KindNames.plural(of: kind) == plural) }
}
