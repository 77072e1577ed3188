import JSON
import Testing

@testable import Policy

@Suite struct MatchTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var match: String
        var exclude = "{}"
        var resource: ResourceAttributes
        /// Nil when it cannot be told: an error of the rule.
        var applies: Bool?
        var facts: RequestFacts

        init(
            _ match: String, exclude: String = "{}", _ resource: ResourceAttributes, _ applies: Bool?,
            facts: RequestFacts = .none
        ) {
            self.match = match
            self.exclude = exclude
            self.resource = resource
            self.applies = applies
            self.facts = facts
        }

        var testDescription: String {
            "\(match) − \(exclude) on \(resource.operation) \(resource.kind) \(resource.namespace)/\(resource.name)"
        }
    }

    static func any(_ filters: String...) -> String { #"{"any":[\#(filters.joined(separator: ","))]}"# }
    static func all(_ filters: String...) -> String { #"{"all":[\#(filters.joined(separator: ","))]}"# }
    static func resources(_ fields: String) -> String { #"{"resources":{\#(fields)}}"# }

    static func pod(
        _ name: String = "web", namespace: String = "prod", operation: Operation = .create, generateName: String = "",
        subresource: String = "", object: String? = nil, old: String? = nil, user: UserInfo = UserInfo()
    ) -> ResourceAttributes {
        ResourceAttributes(
            operation: operation, kind: "Pod", subresource: subresource, namespace: namespace, name: name,
            generateName: generateName, object: object.map(json), oldObject: old.map(json), userInfo: user)
    }

    private static func json(_ text: String) -> Value {
        do {
            return try Document(text).root
        } catch {
            preconditionFailure("\(text): \(error)")
        }
    }

    static func namespaceObject(_ name: String) -> ResourceAttributes {
        ResourceAttributes(operation: .create, kind: "Namespace", name: name)
    }

    static func deployment(_ name: String = "web", namespace: String = "prod") -> ResourceAttributes {
        ResourceAttributes(operation: .create, group: "apps", kind: "Deployment", namespace: namespace, name: name)
    }

    static let pods = #""kinds":["Pod"]"#
    static let rows = basics + clauses + pairs + combinations

    static let basics: [Row] = [
        // Each clause alone.
        Row(any(resources(pods)), pod(), true),
        Row(any(resources(pods)), ResourceAttributes(operation: .create, kind: "Service"), false),
        Row(any(resources(pods)), pod(subresource: "ephemeralcontainers"), true),
        Row(any(resources(pods)), pod(subresource: "status"), false),
        Row(any(resources(#""names":["web"]"#)), pod(), true),
        Row(any(resources(#""names":["w?b","x"]"#)), pod(), true),
        Row(any(resources(#""names":["api-*"]"#)), pod(), false),
        Row(any(resources(#""name":"w*""#)), pod(), true),
        Row(any(resources(#""name":"W*""#)), pod(), false),
        Row(any(resources(#""namespaces":["prod"]"#)), pod(), true),
        Row(any(resources(#""namespaces":["pro"]"#)), pod(), false),
        Row(any(resources(#""namespaces":["dev","p*"]"#)), pod(), true),
        Row(any(resources(#""namespaces":["prod"]"#)), pod(namespace: ""), false),
        Row(any(resources(#""namespaces":["*"]"#)), pod(namespace: ""), true),
        Row(any(resources(#""operations":["CREATE"]"#)), pod(), true),
        Row(any(resources(#""operations":["UPDATE"]"#)), pod(), false),
        // In a filter everything must hold.
        Row(any(resources(#"\#(pods),"names":["web"],"namespaces":["prod"]"#)), pod(), true),
        Row(any(resources(#"\#(pods),"names":["api"],"namespaces":["prod"]"#)), pod(), false),
        Row(any(resources(#"\#(pods),"names":["web"],"namespaces":["dev"]"#)), pod(), false),
        Row(any(resources(#""kinds":["Deployment"],"names":["web"]"#)), pod(), false),
        // any, all, and the old direct form.
        Row(any(resources(#""kinds":["Job"]"#), resources(pods)), pod(), true),
        Row(any(resources(#""kinds":["Job"]"#), resources(#""kinds":["CronJob"]"#)), pod(), false),
        Row(all(resources(pods), resources(#""namespaces":["prod"]"#)), pod(), true),
        Row(all(resources(pods), resources(#""namespaces":["dev"]"#)), pod(), false),
        Row(resources(pods), pod(), true),
        Row(resources(#"\#(pods),"namespaces":["dev"]"#), pod(), false),
        // An empty filter matches nothing, beside one that does.
        Row(any("{}", resources(pods)), pod(), true),
        Row(any("{}", resources(#""kinds":["Job"]"#)), pod(), false),
        Row(any(#"{"resources":{}}"#, resources(#""kinds":["Job"]"#)), pod(), false),
        // Operations: CREATE and UPDATE unless it says otherwise, DELETE never.
        Row(any(resources(pods)), pod(operation: .update), true),
        Row(any(resources(pods)), pod(operation: .connect), false),
        Row(any(resources(pods)), pod(operation: .delete), false),
        Row(any(resources(#"\#(pods),"operations":["DELETE"]"#)), pod(operation: .delete), false),
        Row(any(resources(#"\#(pods),"operations":["CONNECT"]"#)), pod(operation: .connect), true),
        Row(any(resources(#"\#(pods),"operations":["CREATE","UPDATE"]"#)), pod(operation: .update), true),
        Row(any(resources(#"\#(pods),"operations":["CREATE"]"#)), pod(operation: .update), false),
        // Without a name, generateName is what names see.
        Row(any(resources(#""names":["web-*"]"#)), pod("", generateName: "web-"), true),
        Row(any(resources(#""names":["web-*"]"#)), pod("", generateName: "api-"), false),
        Row(any(resources(#""names":["web-*"]"#)), pod("api", generateName: "web-"), false),
        // A Namespace's own name counts as its namespace.
        Row(any(resources(#""kinds":["Namespace"],"namespaces":["prod"]"#)), namespaceObject("prod"), true),
        Row(any(resources(#""kinds":["Namespace"],"namespaces":["prod"]"#)), namespaceObject("dev"), false),
        Row(
            any(resources(#""kinds":["Namespace"]"#)), exclude: any(resources(#""namespaces":["kube-*"]"#)),
            namespaceObject("kube-system"), false),
        // exclude wins.
        Row(any(resources(pods)), exclude: any(resources(pods)), pod(), false),
        Row(any(resources(pods)), exclude: any(resources(#""namespaces":["prod"]"#)), pod(), false),
        Row(any(resources(pods)), exclude: any(resources(#""namespaces":["dev"]"#)), pod(), true),
        Row(
            any(resources(pods)), exclude: any(resources(#""namespaces":["dev"]"#), resources(#""names":["web"]"#)),
            pod(), false),
        Row(
            any(resources(pods)), exclude: all(resources(#""namespaces":["prod"]"#), resources(#""names":["api"]"#)),
            pod(), true),
        Row(
            any(resources(pods)), exclude: all(resources(#""namespaces":["prod"]"#), resources(#""names":["web"]"#)),
            pod(), false),
        Row(any(resources(pods)), exclude: resources(#""namespaces":["prod"]"#), pod(), false),
        Row(any(resources(pods)), exclude: #"{"resources":{}}"#, pod(), true),
        Row(any(resources(pods)), exclude: any("{}"), pod(), true),
        Row(any(resources(pods)), exclude: all("{}", resources(pods)), pod(), true),
        Row(any(resources(pods)), exclude: any(resources(#""operations":["UPDATE"]"#)), pod(operation: .update), false),
        Row(any(resources(pods)), exclude: any(resources(#""operations":["UPDATE"]"#)), pod(), true),
        // Subresources are those of the kind that is named.
        Row(any(resources(#""kinds":["Pod/ephemeralcontainers"]"#)), pod(), false),
        Row(
            any(resources(pods)), exclude: any(resources(#""kinds":["Pod/ephemeralcontainers"]"#)),
            pod(subresource: "ephemeralcontainers"), false),
        Row(any(resources(#""kinds":["Deployment"]"#)), deployment(), true),
        Row(any(resources(#""kinds":["apps/v1/Deployment"],"namespaces":["prod"]"#)), deployment(), true),
    ]

    @Test(arguments: rows) func applies(_ row: Row) throws {
        let rule = Sample.rule(match: row.match, extra: #""exclude":\#(row.exclude)"#)
        let policy = try policy(rules: "[\(rule)]")
        let written = try #require(policy.rules.first)
        let applicability = written.applicability(to: row.resource, facts: row.facts)
        // The index finds what the rule says.
        let candidates = PolicySnapshot([policy]).candidates(for: row.resource, facts: row.facts)
        let found = candidates.rules.first { $0.rule.name == "check" }
        switch row.applies {
        case true?:
            #expect(applicability == .yes || row.resource.isPastVerification)
            #expect(found != nil && found?.failure == nil)
        case false?:
            #expect(applicability == .no || row.resource.isPastVerification)
            #expect(found == nil)
        case nil:
            guard case .undecided = applicability else {
                Issue.record("\(applicability)")
                return
            }
            let failure = try #require(found?.failure)
            #expect(failure.description.hasPrefix("it cannot be told whether the rule applies: "))
        }
    }

    @Test func theTableIsWhole() {
        #expect(Self.rows.count >= 120)
    }

    @Test func whatIsBeingDeletedIsPastVerification() throws {
        let rule = try #require(try policy(rules: "[\(Sample.rule())]").rules.first)
        let deleted = try Document(#"{"metadata":{"deletionTimestamp":"2026-08-23T00:00:00Z"}}"#)
        let alive = try Document(#"{"metadata":{"deletionTimestamp":null}}"#)
        var pod = Self.pod(operation: .update)
        pod.oldObject = deleted.root
        #expect(!rule.applies(to: pod))
        #expect(PolicySnapshot([try policy(rules: "[\(Sample.rule())]")]).applicableRules(to: pod).isEmpty)
        pod.oldObject = alive.root
        #expect(rule.applies(to: pod))
        // The sender's own word about it does not count.
        pod.object = deleted.root
        #expect(rule.applies(to: pod))
    }

    @Test func aNamespacedPolicySpeaksForItsNamespace() throws {
        let text = Sample.policy(kind: "Policy", metadata: #""namespace":"prod""#)
        let rule = try #require(try policy(text).rules.first)
        #expect(rule.applies(to: Self.pod(namespace: "prod")))
        #expect(!rule.applies(to: Self.pod(namespace: "dev")))
        var namespace = Self.namespaceObject("prod")
        namespace.namespace = "prod"
        #expect(!rule.applies(to: namespace))
    }

    static let refused: [(match: String, path: String, says: String)] = [
        ("{}", "match", "matches nothing"), ("null", "match", "matches nothing"),
        (#"{"any":[]}"#, "match", "matches nothing"), (#"{"any":[{}]}"#, "match", "matches nothing"),
        (#"{"any":[{"resources":{"kinds":[]}}]}"#, "match", "matches nothing"),
        (#"{"all":[{},{"resources":{"kinds":["Pod"]}}]}"#, "match", "matches nothing"),
        (#"{"any":[{"resources":{"kinds":["Pod"]}}],"all":[{"resources":{"kinds":["Pod"]}}]}"#, "match", "both"),
        (#"{"any":[{"resources":{"kinds":["Pod"]}}],"resources":{"kinds":["Pod"]}}"#, "match", "both"),
        ("[]", "match", "has to be an object"), (#"{"any":{}}"#, "match.any", "has to be a list"),
        (#"{"any":["Pod"]}"#, "match.any[0]", "has to be an object"),
        (#"{"any":[{"resources":{"kinds":"Pod"}}]}"#, "match.any[0].resources.kinds", "has to be a list"),
        (#"{"any":[{"resources":{"kinds":[1]}}]}"#, "match.any[0].resources.kinds[0]", "has to be text"),
        (#"{"any":[{"resources":{"kinds":["Job","pod"]}}]}"#, "match.any[0].resources.kinds[1]", "capital letter"),
        (#"{"any":[{"resources":{"kinds":["*"]}}]}"#, "match.any[0].resources.kinds[0]", "every kind"),
        (
            #"{"any":[{"resources":{"name":"a","names":["b"]}}]}"#, "match.any[0].resources.name",
            "stands beside names"
        ),
        (#"{"any":[{"resources":{"names":[""]}}]}"#, "match.any[0].resources.names[0]", "is empty"),
        (
            #"{"any":[{"resources":{"kinds":["Pod"],"operations":["create"]}}]}"#,
            "match.any[0].resources.operations[0]", "none of CREATE"
        ),
        (
            #"{"any":[{"resources":{"kinds":["Pod"],"namespaces":["{{ request.namespace }}"]}}]}"#,
            "match.any[0].resources.namespaces[0]", "variables"
        ),
        (#"{"any":[{"resource":{"kinds":["Pod"]}}]}"#, "match.any[0].resource", "unknown field"),
        (#"{"any":[{"resources":{"kinds":["Pod"]}}],"roles":["a:b"]}"#, "match", "both"),
        (#"{"any":[{"subjects":[{"kind":"Robot","name":"a"}]}]}"#, "match.any[0].subjects[0].kind", "none of User"),
        (#"{"any":[{"subjects":[{"name":"a"}]}]}"#, "match.any[0].subjects[0].kind", "is missing"),
        (#"{"any":[{"subjects":[{"kind":"User"}]}]}"#, "match.any[0].subjects[0].name", "is missing"),
        (
            #"{"any":[{"subjects":[{"kind":"ServiceAccount","name":"a"}]}]}"#, "match.any[0].subjects[0].namespace",
            "lives in a namespace"
        ),
        (#"{"any":[{"roles":["admin"]}]}"#, "match.any[0].roles[0]", "write namespace:name"),
        (#"{"any":[{"roles":["prod:*"]}]}"#, "match.any[0].roles[0]", "compared as they are"),
        (#"{"any":[{"clusterRoles":["cluster-*"]}]}"#, "match.any[0].clusterRoles[0]", "compared as they are"),
        (
            #"{"any":[{"resources":{"selector":{"matchLabels":["a"]}}}]}"#,
            "match.any[0].resources.selector.matchLabels", "has to be a map"
        ),
        (
            #"{"any":[{"resources":{"selector":{"matchLabels":{"a":1}}}}]}"#,
            "match.any[0].resources.selector.matchLabels[a]", "has to be text"
        ),
        (
            #"{"any":[{"resources":{"selector":{"matchExpressions":[{"key":"a","operator":"Is"}]}}}]}"#,
            "match.any[0].resources.selector.matchExpressions[0].operator", "none of In"
        ),
        (
            #"{"any":[{"resources":{"selector":{"matchExpressions":[{"key":"a"}]}}}]}"#,
            "match.any[0].resources.selector.matchExpressions[0].operator", "is missing"
        ),
        (
            #"{"any":[{"resources":{"selector":{"matchExpressions":[{"operator":"Exists"}]}}}]}"#,
            "match.any[0].resources.selector.matchExpressions[0].key", "is missing"
        ),
        (
            #"{"any":[{"resources":{"selector":{"matchExpressions":[{"key":"a","operator":"In"}]}}}]}"#,
            "match.any[0].resources.selector.matchExpressions[0].values", "at least one"
        ),
        (
            #"{"any":[{"resources":{"namespaceSelector":{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}}}]}"#,
            "match.any[0].resources.namespaceSelector.matchExpressions[0].values", "takes no values"
        ),
        (
            #"{"any":[{"resources":{"selector":{"matchExpressions":[{"key":"a*","operator":"Exists"}]}}}]}"#,
            "match.any[0].resources.selector.matchExpressions[0].key", "use matchLabels"
        ),
    ]

    @Test(arguments: refused) func refuses(match: String, path: String, says: String) throws {
        let problems = try problems(Sample.policy(rules: "[\(Sample.rule(match: match))]"))
        #expect(problems.contains { $0.path == "spec.rules[0].\(path)" && $0.reason.contains(says) }, "\(problems)")
    }

    @Test func aNamespacedPolicyMayNotChooseNamespaces() throws {
        let rule = Sample.rule(match: #"{"any":[{"resources":{"kinds":["Pod"],"namespaces":["dev"]}}]}"#)
        let text = Sample.policy(kind: "Policy", metadata: #""namespace":"prod""#, rules: "[\(rule)]")
        #expect(try problems(text).map(\.path) == ["spec.rules[0].match.any[0].resources.namespaces"])
    }
}
