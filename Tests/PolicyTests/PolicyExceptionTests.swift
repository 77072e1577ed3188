import JSON
import Testing

@testable import Policy

@Suite struct PolicyExceptionTests {
    private static func exception(
        policy: String = "sample", rules: String = #"["check"]"#,
        match: String = #"{"any":[{"resources":{"kinds":["Pod"],"names":["legacy*"]}}]}"#, extra: String = "",
        version: String = "v2", kind: String = "PolicyException"
    ) -> String {
        #"""
        {"apiVersion":"kyverno.io/\#(version)","kind":"\#(kind)","metadata":{"name":"legacy","namespace":"ops"},
         "spec":{"exceptions":[{"policyName":"\#(policy)","ruleNames":\#(rules)}],"match":\#(match)\#(extra)}}
        """#
    }

    private func load(_ texts: String..., honours: Bool = true) throws -> LoadResult {
        PolicyLoader.load(
            documents: try texts.map { ("test.yaml", try Document($0)) }, honoursExceptions: honours)
    }

    private func rules(
        _ exception: String, policy: String = Sample.policy(), name: String = "legacy-1", kind: String = "Pod",
        namespace: String = "prod", facts: RequestFacts = .none
    ) throws -> [ApplicableRule] {
        let snapshot = try #require(try load(policy, exception).snapshot)
        let resource = ResourceAttributes(
            operation: .create, group: kind == "Pod" ? "" : "apps", kind: kind, namespace: namespace, name: name)
        return snapshot.candidates(for: resource, facts: facts).rules
    }

    @Test(arguments: ["v2", "v2beta1"]) func excepts(version: String) throws {
        let exception = Self.exception(version: version)
        #expect(try rules(exception).map(\.exception) == ["ops/legacy"])
        #expect(try rules(exception, name: "web").map(\.exception) == [nil])
    }

    @Test func rulesAreNamedAsTheyAre() throws {
        let any = #"{"any":[{"resources":{"kinds":["Pod","Deployment"]}}]}"#
        // What autogen made has a name of its own.
        #expect(try rules(Self.exception(match: any), kind: "Deployment").map(\.exception) == [nil])
        let made = Self.exception(rules: #"["check","autogen-check"]"#, match: any)
        #expect(try rules(made, kind: "Deployment").map(\.exception) == ["ops/legacy"])
        #expect(
            try rules(Self.exception(rules: #"["*check"]"#, match: any), kind: "Deployment").map(\.exception)
                == ["ops/legacy"])
        #expect(try rules(Self.exception(rules: #"["other"]"#)).map(\.exception) == [nil])
        #expect(try rules(Self.exception(policy: "another")).map(\.exception) == [nil])
        // A Policy is named with its namespace.
        let namespaced = Sample.policy(kind: "Policy", metadata: #""namespace":"prod""#)
        #expect(try rules(Self.exception(), policy: namespaced).map(\.exception) == [nil])
        #expect(try rules(Self.exception(policy: "prod/sample"), policy: namespaced).map(\.exception) == ["ops/legacy"])
    }

    @Test func offByDefault() throws {
        let result = try load(Sample.policy(), Self.exception(extra: #","unknown":1"#), honours: false)
        #expect(result.problems == [])
        #expect(result.snapshot?.exceptions.isEmpty == true)
        #expect(result.notes.contains { $0.contains("PolicyException ops/legacy") && $0.contains("--exceptions") })
    }

    @Test func whatCannotBeToldIsNoException() throws {
        let exception = Self.exception(
            match: #"{"any":[{"resources":{"namespaceSelector":{"matchLabels":{"a":"b"}}}}]}"#)
        let failure = FactFailure(.notFound, "the labels of namespace prod", "there is none")
        let failed = try rules(exception, facts: RequestFacts(namespaceLabels: .failure(failure)))
        #expect(failed.map(\.exception) == [nil])
        #expect(
            failed.first?.failure?.description
                == "it cannot be told whether exception ops/legacy applies: the labels of namespace prod: there is none"
        )
        let known = try rules(exception, facts: RequestFacts(namespaceLabels: .success(["a": "b"])))
        #expect(known.map(\.exception) == ["ops/legacy"] && known.first?.failure == nil)
        // A certain exception ends the doubts of the rule itself.
        let doubtful = Sample.policy(
            rules: "[\(Sample.rule(match: #"{"any":[{"clusterRoles":["admin"]}]}"#))]")
        let facts = RequestFacts(roles: .failure(failure))
        #expect(try rules(Self.exception(), policy: doubtful, facts: facts).first?.failure == nil)
        #expect(try rules(Self.exception(), policy: doubtful, name: "web", facts: facts).first?.failure != nil)
    }

    @Test func exceptionsForNothingAreNoted() throws {
        for exception in [Self.exception(policy: "another"), Self.exception(rules: #"["other"]"#)] {
            #expect(try load(Sample.policy(), exception).notes.contains { $0.contains("names no rule") })
        }
        #expect(try load(Sample.policy(), Self.exception()).notes == [])
        let pods = try load(Sample.policy(), Self.exception(extra: #","podSecurity":[{"controlName":"a"}]"#))
        #expect(pods.notes.contains { $0.contains("podSecurity") } && pods.problems == [])
    }

    static let refused: [(text: String, path: String, says: String)] = [
        (exception(version: "v1"), "apiVersion", "not known"), (exception(kind: "policyexception"), "kind", "is meant"),
        (exception(policy: ""), "spec.exceptions[0].policyName", "is missing"),
        (exception(policy: "*"), "spec.exceptions[0].policyName", "would match nothing"),
        (exception(rules: "[]"), "spec.exceptions[0].ruleNames", "names no rules"),
        (exception(match: "{}"), "spec.match", "matches nothing"),
        (exception(extra: #","conditions":{"any":[{"key":"a"}]}"#), "spec.conditions", "not supported"),
        (exception(extra: #","expiresAt":"2026-12-31T00:00:00Z""#), "spec.expiresAt", "do not expire"),
        (exception(extra: #","unknown":1"#), "spec.unknown", "unknown field"),
        (#"{"apiVersion":"kyverno.io/v2","kind":"PolicyException","metadata":{"name":"a"}}"#, "spec", "is missing"),
    ]

    @Test(arguments: refused) func refuses(text: String, path: String, says: String) throws {
        let result = try load(Sample.policy(), text)
        #expect(result.snapshot == nil)
        #expect(result.problems.contains { $0.path == path && $0.reason.contains(says) }, "\(result.problems)")
    }

    @Test func twiceIsRefused() throws {
        #expect(
            try load(Self.exception(), Self.exception()).problems.map(\.reason).contains { $0.contains("given twice") })
    }
}
