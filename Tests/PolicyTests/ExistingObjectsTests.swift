import JSON
import Testing

@testable import Policy

@Suite("What policies say about objects that exist already")
struct ExistingObjectsTests {
    private static func policy(_ name: String, spec: String = "", match: String = "", exclude: String = "") -> String {
        """
        {"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"\(name)"},"spec":{\(spec)"rules":[
        {"name":"plain","match":{"any":[{"resources":{"kinds":["v1/Pod"]}}]},\(verifies)},
        {"name":"asking","match":{"any":[{"resources":{"kinds":["v1/Pod"]}\(match)}]},\(exclude)\(verifies)}]}}
        """
    }

    private static let verifies =
        #""verifyImages":[{"imageReferences":["a/*"],"required":false,"attestors":[]}]"#

    private static func snapshot(_ policies: String...) throws -> PolicySnapshot {
        let documents = try policies.map { (source: "p", document: try Document(Array($0.utf8))) }
        let result = PolicyLoader.load(documents: documents)
        if let problem = result.problems.first { throw problem }
        return try #require(result.snapshot)
    }

    @Test("A policy runs in the background unless it says no")
    func background() throws {
        let snapshot = try Self.snapshot(
            Self.policy("unsaid"), Self.policy("yes", spec: #""background":true,"#),
            Self.policy("no", spec: #""background":false,"#))
        #expect(snapshot.ofExistingObjects().policies.map(\.name) == ["unsaid", "yes"])
        #expect(snapshot.ofUnknownSender().policies.count == 3)
        #expect(snapshot.rulesOfKnownSenders.isEmpty)
    }

    @Test(
        "Rules that ask who sends a request have nothing to say in the background",
        arguments: [
            (#","subjects":[{"kind":"User","name":"u"}]"#, ""),
            (#","clusterRoles":["admin"]"#, ""),
            ("", #""exclude":{"any":[{"resources":{"kinds":["v1/Pod"]},"roles":["n:r"]}]},"#),
        ])
    func senders(match: String, exclude: String) throws {
        let snapshot = try Self.snapshot(Self.policy("p", match: match, exclude: exclude))
        let kept = snapshot.ofExistingObjects()
        #expect(kept.policies.map { $0.rules.map(\.name) } == [["plain"]])
    }

    /// The commonest exemption of all, `exclude` for cluster admins, must not make a policy say nothing.
    @Test(
        "Somebody unknown is matched and left out by what does not ask for the sender",
        arguments: [
            (#","subjects":[{"kind":"User","name":"*"}]"#, "", false),
            (#"},{"resources":{"kinds":["v1/Pod"]},"clusterRoles":["admin"]"#, "", true),
            ("", #""exclude":{"any":[{"clusterRoles":["cluster-admin"]}]},"#, true),
            ("", #""exclude":{"all":[{"resources":{"kinds":["v1/Pod"]}},{"roles":["n:r"]}]},"#, true),
            ("", #""exclude":{"any":[{"resources":{"names":["web"]}},{"roles":["n:r"]}]},"#, false),
        ])
    func unknownSender(match: String, exclude: String, applies: Bool) throws {
        let snapshot = try Self.snapshot(Self.policy("p", match: match, exclude: exclude)).ofUnknownSender()
        let pod = ResourceAttributes(
            operation: .create, group: "", version: "v1", kind: "Pod", namespace: "n", name: "web", object: nil)
        let candidates = snapshot.candidates(for: pod)
        #expect(candidates.needs.isEmpty)
        #expect(candidates.rules.map(\.rule.name) == ["plain"] + (applies ? ["asking"] : []))
    }

    @Test("A rule that matches some users only is named, and a policy of nothing else is left out")
    func knownSenders() throws {
        let snapshot = try Self.snapshot(Self.policy("p", match: #","clusterRoles":["admin"]"#))
        #expect(snapshot.rulesOfKnownSenders == ["p/asking"])
        #expect(snapshot.ofUnknownSender().policies.map { $0.rules.map(\.name) } == [["plain"]])
    }
}
