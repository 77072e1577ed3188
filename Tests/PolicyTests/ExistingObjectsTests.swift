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
        #expect(snapshot.ofExistingObjects(includingAll: true).policies.count == 3)
        #expect(snapshot.rulesThatAskForSender.isEmpty)
    }

    @Test(
        "Rules that ask who sends a request have nothing to say",
        arguments: [
            (#","subjects":[{"kind":"User","name":"u"}]"#, ""),
            (#","clusterRoles":["admin"]"#, ""),
            ("", #""exclude":{"any":[{"resources":{"kinds":["v1/Pod"]},"roles":["n:r"]}]},"#),
        ])
    func senders(match: String, exclude: String) throws {
        let snapshot = try Self.snapshot(Self.policy("p", match: match, exclude: exclude))
        let kept = snapshot.ofExistingObjects()
        #expect(kept.policies.map { $0.rules.map(\.name) } == [["plain"]])
        #expect(snapshot.rulesThatAskForSender == ["p/asking"])
    }
}
