import JSON
import Testing

@testable import Policy

@Suite struct ActionOverrideTests {
    private static let failure = FactFailure(.unavailable, "the cluster", "it does not answer")

    struct Row: Sendable {
        var action = "Enforce"
        var overrides: String
        var namespace = "prod"
        var labels: [String: String]? = [:]
        var enforces: Bool
        /// Whether it cannot be told.
        var fails = false
    }

    static let selector = #""namespaceSelector":{"matchLabels":{"env":"prod"}}"#
    static let rows: [Row] = [
        Row(overrides: #"{"action":"Audit","namespaces":["dev"]}"#, enforces: true),
        Row(overrides: #"{"action":"Audit","namespaces":["dev"]}"#, namespace: "dev", enforces: false),
        Row(overrides: #"{"action":"audit","namespaces":["d*"]}"#, namespace: "dev", enforces: false),
        Row(action: "Audit", overrides: #"{"action":"enforce","namespaces":["prod"]}"#, enforces: true),
        Row(action: "Audit", overrides: #"{"action":"enforce","namespaces":["prod"]}"#, namespace: "", enforces: false),
        // The first that applies.
        Row(
            overrides: #"{"action":"Audit","namespaces":["pr*"]},{"action":"Enforce","namespaces":["prod"]}"#,
            enforces: false),
        Row(
            overrides: #"{"action":"Enforce","namespaces":["prod"]},{"action":"Audit","namespaces":["*"]}"#,
            enforces: true),
        // By the labels of the namespace, alone or as well.
        Row(action: "Audit", overrides: #"{"action":"Enforce",\#(selector)}"#, labels: ["env": "prod"], enforces: true),
        Row(action: "Audit", overrides: #"{"action":"Enforce",\#(selector)}"#, labels: ["env": "dev"], enforces: false),
        Row(
            action: "Audit", overrides: #"{"action":"Enforce","namespaces":["dev"],\#(selector)}"#,
            labels: ["env": "prod"], enforces: false),
        // What cannot be told is an error, and denies if it may; where it makes no difference, it is none.
        Row(
            action: "Audit", overrides: #"{"action":"Enforce",\#(selector)}"#, labels: nil, enforces: true, fails: true),
        Row(overrides: #"{"action":"Audit",\#(selector)}"#, labels: nil, enforces: true, fails: true),
        Row(action: "Audit", overrides: #"{"action":"Audit",\#(selector)}"#, labels: nil, enforces: false),
        Row(overrides: #"{"action":"Enforce",\#(selector)}"#, labels: nil, enforces: true),
        Row(
            overrides: #"{"action":"Audit",\#(selector)},{"action":"Audit","namespaces":["prod"]}"#, labels: nil,
            enforces: false),
        Row(
            action: "Audit", overrides: #"{"action":"Audit","namespaces":["prod"]},{"action":"Enforce",\#(selector)}"#,
            labels: nil, enforces: false),
    ]

    @Test(arguments: rows) func enforcement(_ row: Row) throws {
        let spec = #""validationFailureAction":"\#(row.action)","validationFailureActionOverrides":[\#(row.overrides)]"#
        let snapshot = PolicySnapshot([try policy(Sample.policy(spec: spec))])
        let pod = ResourceAttributes(operation: .create, kind: "Pod", namespace: row.namespace, name: "a")
        let labels: Result<[String: String], FactFailure> = row.labels.map { .success($0) } ?? .failure(Self.failure)
        let rule = try #require(snapshot.candidates(for: pod, facts: RequestFacts(namespaceLabels: labels)).rules.first)
        #expect(rule.enforces == row.enforces)
        #expect((rule.failure != nil) == row.fails)
        #expect(rule.failure?.description.hasPrefix("it cannot be told whether the rule denies: ") ?? true)
        // The labels are asked for where they make a difference, and only there.
        let needs = snapshot.candidates(for: pod).needs
        #expect(needs.contains(.namespaceLabels) || !row.fails)
    }

    @Test func anEntrysOwnActionComesFirst() throws {
        let entry = Sample.entry(extra: #""failureAction":"Enforce""#)
        let spec = #""validationFailureActionOverrides":[{"action":"Audit","namespaces":["*"]}]"#
        let snapshot = PolicySnapshot([try policyOf(entry: entry, spec: spec)])
        let pod = ResourceAttributes(operation: .create, kind: "Pod", namespace: "prod", name: "a")
        #expect(snapshot.candidates(for: pod).rules.map(\.enforces) == [true])
    }

    static let refused: [(override: String, path: String, says: String)] = [
        (#"{"action":"Audit"}"#, "", "names no namespaces"), (#"{"namespaces":["a"]}"#, ".action", "is missing"),
        (#"{"action":"Warn","namespaces":["a"]}"#, ".action", "neither Audit nor Enforce"),
        (#"{"action":"Audit","namespaces":[""]}"#, ".namespaces[0]", "is empty"),
        (#"{"action":"Audit","namespace":["a"]}"#, ".namespace", "unknown field"),
    ]

    @Test(arguments: refused) func refuses(override: String, path: String, says: String) throws {
        let problems = try problems(Sample.policy(spec: #""validationFailureActionOverrides":[\#(override)]"#))
        #expect(
            problems.contains {
                $0.path == "spec.validationFailureActionOverrides[0]\(path)" && $0.reason.contains(says)
            }, "\(problems)")
    }
}
