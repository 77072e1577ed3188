import JSON
import Testing

@testable import Policy

/// The clause that is named is one that decides, and the explanation agrees with the decision.
@Suite struct MatchExplanationTests {
    private func rule(_ match: String, exclude: String = "{}", extra: String = "") throws -> ImageRule {
        let text = Sample.policy(
            rules: "[{name: r, match: \(match), exclude: \(exclude), verifyImages: [\(Sample.entry())]}]")
        // As YAML, which the rows of the table are.
        let result = PolicyLoader.load(PolicyFiles(reading: ["-"], standardInput: { Array(text.utf8) }))
        #expect(result.problems == [])
        return try #require(result.snapshot?.policies.first?.rules.first)
    }

    private func pod(_ more: String = "") throws -> ResourceAttributes {
        let object = try Document(
            Array(#"{"metadata":{"name":"web","labels":{"app":"web"},"annotations":{"a":"b"}}}"#.utf8))
        return ResourceAttributes(
            operation: .create, kind: "Pod", namespace: "prod", name: "web", object: object.root,
            userInfo: UserInfo(username: "jane", groups: ["dev"]))
    }

    /// A `match`, and the clause that does not hold for the pod; nil where all do.
    static let matches: [(match: String, clause: String?)] = [
        ("{any: [{resources: {kinds: [Pod]}}]}", nil),
        ("{any: [{resources: {kinds: [Service]}}]}", "match.kinds: Pod is none of Service"),
        (
            "{any: [{resources: {kinds: [Pod], namespaces: [dev, test-*]}}]}",
            "match.namespaces: prod is none of dev, test-*"
        ),
        ("{any: [{resources: {kinds: [Pod], names: [api]}}]}", "match.names: web is none of api"),
        ("{any: [{resources: {kinds: [Pod], operations: [UPDATE]}}]}", "match.operations: CREATE is none of UPDATE"),
        ("{any: [{resources: {kinds: [Pod], annotations: {a: c}}}]}", "match.annotations: the object has no a=c"),
        (
            "{any: [{resources: {kinds: [Pod], selector: {matchLabels: {app: api}}}}]}",
            "match.selector: the object's labels do not fit it"
        ),
        (
            "{any: [{resources: {kinds: [Pod]}, subjects: [{kind: User, name: joe}]}]}",
            "match.subjects: user \"jane\" is none of them"
        ),
        (
            "{any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {tier: low}}}}]}",
            "match.namespaceSelector: the labels of namespace prod do not fit it"
        ),
        (
            "{any: [{resources: {kinds: [Pod]}, roles: [\"prod:none\"]}]}",
            "match.roles: none of them is bound to the user"
        ),
        (
            "{any: [{resources: {kinds: [Pod]}, clusterRoles: [none]}]}",
            "match.clusterRoles: none of them is bound to the user"
        ),
        (
            "{any: [{resources: {kinds: [Pod], names: [a]}}, {resources: {kinds: [Job]}}]}",
            "match.any[0].names: web is none of a; match.any[1].kinds: Pod is none of Job"
        ),
        (
            "{all: [{resources: {kinds: [Pod]}}, {resources: {namespaces: [dev]}}]}",
            "match.all[1].namespaces: prod is none of dev"
        ),
    ]

    private let facts = RequestFacts(
        namespaceLabels: .success(["tier": "high"]), roles: .success(UserRoles(roles: ["prod:edit"])))

    @Test(arguments: matches) func namesTheClause(match: String, clause: String?) throws {
        let explanation = try rule(match).explanation(for: try pod(), facts: facts)
        #expect(explanation == clause.map { .passes($0) } ?? .looks)
    }

    @Test func excludes() throws {
        let rule = try rule(
            "{any: [{resources: {kinds: [Pod]}}]}",
            exclude: "{any: [{resources: {namespaces: [dev]}}, {resources: {namespaces: [prod]}}]}")
        #expect(rule.explanation(for: try pod(), facts: facts) == .passes("exclude.any[1] leaves it out"))
    }

    @Test func whatCannotBeToldSaysWhy() throws {
        let rule = try rule("{any: [{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {tier: low}}}}]}")
        let failure = FactFailure(.unavailable, "the labels of namespace prod", "no answer")
        let facts = RequestFacts(namespaceLabels: .failure(failure))
        #expect(rule.explanation(for: try pod(), facts: facts) == .unknown("\(failure)"))
    }

    @Test func whatIsDeletedIsPassed() throws {
        var request = try pod()
        request.operation = .delete
        let rule = try rule("{any: [{resources: {kinds: [Pod]}}]}")
        #expect(rule.explanation(for: request, facts: facts) == .passes("what is deleted is not verified"))
    }
}
