import JSON
import Testing

@testable import Policy

@Suite struct AutogenTests {
    static let every = Set(Autogen.templateKinds + ["CronJob"])

    private static func rule(_ match: String, exclude: String = "{}") -> String {
        Sample.rule(match: match, extra: #""exclude":\#(exclude)"#)
    }

    static let onPods = #"{"any":[{"resources":{"kinds":["Pod"]}}]}"#

    /// Rules of a policy, its annotation, and the kinds that rules are made for.
    static let decisions: [(rules: String, annotation: String?, kinds: Set<String>)] = [
        (rule(onPods), nil, every),
        (rule(#"{"all":[{"resources":{"kinds":["Pod"]}}]}"#), nil, every),
        (rule(#"{"resources":{"kinds":["Pod"]}}"#), nil, every),
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"namespaces":["prod"]}}]}"#), nil, every),
        // About Pods alone.
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"names":["a"]}}]}"#), nil, []),
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"name":"a"}}]}"#), nil, []),
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"selector":{"matchLabels":{"a":"b"}}}}]}"#), nil, []),
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"annotations":{"a":"b"}}}]}"#), nil, []),
        (rule(onPods, exclude: #"{"any":[{"resources":{"names":["a"]}}]}"#), nil, []),
        (rule(onPods, exclude: #"{"all":[{"resources":{"selector":{}}}]}"#), nil, []),
        (rule(onPods, exclude: #"{"resources":{"name":"a"}}"#), nil, []),
        (rule(onPods, exclude: #"{"any":[{"resources":{"namespaces":["dev"]}}]}"#), nil, every),
        // Pod beside another kind, in one filter; and in two.
        (rule(#"{"any":[{"resources":{"kinds":["Pod","Deployment"]}}]}"#), nil, []),
        (rule(#"{"any":[{"resources":{"kinds":["Pod"]}},{"resources":{"kinds":["Job"]}}]}"#), nil, every),
        (rule(onPods, exclude: #"{"any":[{"resources":{"kinds":["Pod","Job"]}}]}"#), nil, []),
        // Spelled so that Pods alone are meant.
        (rule(#"{"any":[{"resources":{"kinds":["v1/Pod"]}}]}"#), nil, []),
        (rule(#"{"any":[{"resources":{"kinds":["Deployment"]}}]}"#), nil, []),
        // Decided for the whole policy, by its other rules too.
        (
            rule(onPods) + #",{"name":"other","match":{"resources":{"kinds":["Pod"],"name":"a"}},"validate":{"a":1}}"#,
            nil, []
        ),
        // Empty fields are no fields.
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"names":[],"name":"","selector":null}}]}"#), nil, every),
        // What the annotation says.
        (rule(onPods), "none", []),
        (rule(onPods), "", every),
        (rule(onPods), "all", every),
        (rule(onPods), "Deployment", ["Deployment"]),
        (rule(onPods), "Deployment, Job,CronJob", ["Deployment", "Job", "CronJob"]),
        (rule(#"{"any":[{"resources":{"kinds":["Pod"],"names":["a"]}}]}"#), "Deployment", []),
    ]

    @Test(arguments: decisions) func decides(rules: String, annotation: String?, kinds: Set<String>) throws {
        let document = try Document("[\(rules)]")
        let autogen = try Autogen(rules: Array(document.root.elements), annotation: annotation)
        #expect(autogen.kinds == kinds)
    }

    @Test func anUnknownControllerIsRefused() throws {
        let metadata = #""annotations":{"pod-policies.kyverno.io/autogen-controllers":"Deployment,Deployments"}"#
        let problems = try problems(Sample.policy(metadata: metadata))
        #expect(problems.map(\.path) == ["metadata.annotations[pod-policies.kyverno.io/autogen-controllers]"])
        #expect(problems.first?.reason.contains("\"Deployments\"") == true)
    }

    @Test func makesTwoRulesOfOne() throws {
        let rules = try policy(Sample.policy()).rules
        #expect(rules.map(\.name) == ["check", "autogen-check", "autogen-cronjob-check"])
        #expect(rules.map(\.index) == [0, 0, 0])
        let kinds = { (rule: ImageRule) in rule.match.filters.map { $0.kinds.map(\.text) } }
        #expect(kinds(rules[0]) == [["Pod"]])
        #expect(kinds(rules[1]) == [Autogen.templateKinds])
        #expect(kinds(rules[2]) == [["CronJob"]])
    }

    @Test func theAnnotationChoosesTheRules() throws {
        func names(_ value: String) throws -> [String] {
            let metadata = #""annotations":{"pod-policies.kyverno.io/autogen-controllers":"\#(value)"}"#
            return try policy(Sample.policy(metadata: metadata)).rules.map(\.name)
        }
        #expect(try names("none") == ["check"])
        #expect(try names("CronJob") == ["check", "autogen-cronjob-check"])
        #expect(try names("StatefulSet") == ["check", "autogen-check"])
    }

    @Test func otherFiltersKeepTheirMeaning() throws {
        let match = #"{"all":[{"resources":{"kinds":["Pod"]}},{"resources":{"namespaces":["prod"]}}]}"#
        let exclude =
            #"{"any":[{"resources":{"kinds":["Pod"],"namespaces":["p*d"],"operations":["UPDATE"]}},"#
            + #"{"resources":{"kinds":["Job"]}}]}"#
        let policy = try policy(rules: "[\(Self.rule(match, exclude: exclude))]")
        let snapshot = PolicySnapshot([policy])
        func names(_ kind: String, _ operation: Policy.Operation = .create, namespace: String = "prod") -> [String] {
            snapshot.applicableRules(
                to: ResourceAttributes(operation: operation, kind: kind, namespace: namespace, name: "a")
            )
            .map(\.rule.name)
        }
        #expect(names("Deployment") == ["autogen-check"])
        #expect(names("Deployment", namespace: "dev") == [])
        #expect(names("Deployment", .update) == [])
        #expect(names("Job") == [])
        #expect(names("CronJob") == ["autogen-cronjob-check"])
        #expect(names("Pod") == ["check"])
    }

    @Test func whoSendsAndWhereStaysAsItIs() throws {
        let match =
            #"{"any":[{"resources":{"kinds":["Pod"],"namespaceSelector":{"matchLabels":{"env":"prod"}}},"#
            + #""subjects":[{"kind":"Group","name":"dev"}]}]}"#
        let exclude = #"{"any":[{"clusterRoles":["cluster-admin"]}]}"#
        let snapshot = PolicySnapshot([try policy(rules: "[\(Self.rule(match, exclude: exclude))]")])
        func names(_ group: String, _ env: String, _ clusterRoles: Set<String> = []) -> [String] {
            let deployment = ResourceAttributes(
                operation: .create, group: "apps", kind: "Deployment", namespace: "prod", name: "a",
                userInfo: UserInfo(username: "u", groups: [group]))
            let facts = RequestFacts(
                namespaceLabels: .success(["env": env]), roles: .success(UserRoles(clusterRoles: clusterRoles)))
            return snapshot.applicableRules(to: deployment, facts: facts).map(\.rule.name)
        }
        #expect(names("dev", "prod") == ["autogen-check"])
        #expect(names("ops", "prod") == [])
        #expect(names("dev", "dev") == [])
        #expect(names("dev", "prod", ["cluster-admin"]) == [])
    }

    @Test func filtersAboutOtherKindsAreTheWrittenRules() throws {
        let match =
            #"{"any":[{"resources":{"kinds":["Pod"]}},{"resources":{"kinds":["Deployment"],"namespaces":["prod"]}}]}"#
        let snapshot = PolicySnapshot([try policy(rules: "[\(Self.rule(match))]")])
        let deployment = ResourceAttributes(
            operation: .create, group: "apps", kind: "Deployment", namespace: "prod", name: "a")
        #expect(snapshot.applicableRules(to: deployment).map(\.rule.name) == ["check", "autogen-check"])
    }

    @Test func rulesNotAboutPodsMakeNone() throws {
        let other = Sample.rule("direct", match: #"{"any":[{"resources":{"kinds":["Deployment"]}}]}"#)
        let policy = try policy(rules: "[\(other),\(Sample.rule())]")
        #expect(policy.rules.map(\.name) == ["direct", "check", "autogen-check", "autogen-cronjob-check"])
    }

    @Test func rulesForPodsAloneAreNoted() throws {
        func notes(_ kinds: String, _ more: String = "", annotation: String = "") throws -> [String] {
            let match = #"{"any":[{"resources":{"kinds":\#(kinds)\#(more)}}]}"#
            let metadata = #""annotations":{"pod-policies.kyverno.io/autogen-controllers":"\#(annotation)"}"#
            return try load(Sample.policy(metadata: metadata, rules: "[\(Sample.rule(match: match))]")).notes
        }
        #expect(try notes(#"["v1/Pod"]"#).first?.contains("spec.rules: apply to Pods alone") == true)
        #expect(try notes(#"["Pod"]"#, #","names":["a"]"#).count == 1)
        #expect(try notes(#"["Pod"]"#).isEmpty)
        #expect(try notes(#"["Pod"]"#, annotation: "none").isEmpty)
        #expect(try notes(#"["Pod","Deployment"]"#).isEmpty)
        #expect(try notes(#"["Deployment"]"#).isEmpty)
    }
}
