import JSON
import Testing

@testable import Policy

@Suite struct MatchTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var match: String
        var exclude = "{}"
        var resource: ResourceAttributes
        var applies: Bool

        init(_ match: String, exclude: String = "{}", _ resource: ResourceAttributes, _ applies: Bool) {
            self.match = match
            self.exclude = exclude
            self.resource = resource
            self.applies = applies
        }

        var testDescription: String {
            "\(match) − \(exclude) on \(resource.operation) \(resource.kind) \(resource.namespace)/\(resource.name)"
        }
    }

    private static func any(_ filters: String...) -> String { #"{"any":[\#(filters.joined(separator: ","))]}"# }
    private static func all(_ filters: String...) -> String { #"{"all":[\#(filters.joined(separator: ","))]}"# }
    private static func resources(_ fields: String) -> String { #"{"resources":{\#(fields)}}"# }

    private static func pod(
        _ name: String = "web", namespace: String = "prod", operation: Operation = .create, generateName: String = "",
        subresource: String = ""
    ) -> ResourceAttributes {
        ResourceAttributes(
            operation: operation, kind: "Pod", subresource: subresource, namespace: namespace, name: name,
            generateName: generateName)
    }

    private static func namespaceObject(_ name: String) -> ResourceAttributes {
        ResourceAttributes(operation: .create, kind: "Namespace", name: name)
    }

    private static func deployment(_ name: String = "web", namespace: String = "prod") -> ResourceAttributes {
        ResourceAttributes(operation: .create, group: "apps", kind: "Deployment", namespace: namespace, name: name)
    }

    static let pods = #""kinds":["Pod"]"#
    static let rows: [Row] = [
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
        #expect(written.applies(to: row.resource) == row.applies)
        // The index finds what the rule says.
        let found = PolicySnapshot([policy]).applicableRules(to: row.resource).contains { $0.rule.name == "check" }
        #expect(found == row.applies)
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
