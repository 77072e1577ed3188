import Testing

@testable import Policy

@Suite("What rules look at")
struct WatchedKindTests {
    private func watched(_ match: String, extra: String = "") throws -> Set<WatchedKind> {
        // Preconditions of loading (a rule about nothing) are another test's business: the rule is made by itself.
        let policy = try policy(rules: "[\(Sample.rule(match: match, extra: extra))]")
        return policy.rules.reduce(into: []) { $0.formUnion($1.watchedKinds) }
    }

    private static let templates = [
        "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob",
    ]

    @Test("A rule for Pods looks at what autogen makes of it too")
    func autogen() throws {
        let watched = try watched(#"{"any":[{"resources":{"kinds":["Pod"]}}]}"#)
        #expect(Set(watched.map(\.kind)) == Set(Self.templates + ["Pod"]))
        #expect(watched.allSatisfy { $0.group == "*" && $0.version == "*" && $0.subresource == nil })
    }

    @Test("What is written is kept: group, version, subresource")
    func literal() throws {
        let kinds = #"["v1/Pod","apps/v1/Deployment","tekton.dev/v1beta1/TaskRun.status","Pod/exec"]"#
        #expect(
            try watched(#"{"any":[{"resources":{"kinds":\#(kinds)}}]}"#) == [
                WatchedKind(version: "v1", kind: "Pod"), WatchedKind(group: "apps", version: "v1", kind: "Deployment"),
                WatchedKind(group: "tekton.dev", version: "v1beta1", kind: "TaskRun", subresource: "status"),
                WatchedKind(kind: "Pod", subresource: "exec"),
            ])
    }

    @Test("A glob means the kinds that can hold images")
    func globs() throws {
        #expect(
            Set(try watched(#"{"any":[{"resources":{"kinds":["*Set"]}}]}"#).map(\.kind))
                == ["ReplicaSet", "StatefulSet", "DaemonSet"])
        #expect(try watched(#"{"any":[{"resources":{"kinds":["*/ephemeralcontainers"]}}]}"#).count == 8)
    }

    @Test("Any kind means those that can hold images, and those that the rule knows how to look into")
    func anyKind() throws {
        let extractors = #""imageExtractors":{"Task":[{"path":"/spec/steps/*","value":"image","key":"name"}]}"#
        let watched = try watched(#"{"any":[{"resources":{"namespaces":["prod"]}}]}"#, extra: extractors)
        #expect(Set(watched.map(\.kind)) == Set(Self.templates + ["Pod", "Task"]))
    }

    @Test(
        "Only operations that are verified count",
        arguments: [
            (#"["CREATE"]"#, [Operation.create]), (#"["UPDATE","DELETE"]"#, [.update]),
            (#"["CREATE","UPDATE","CONNECT"]"#, [.create, .update]), (#"["DELETE"]"#, []),
        ])
    func operations(_ operations: String, _ expected: [Operation]) throws {
        let watched = try watched(#"{"any":[{"resources":{"kinds":["v1/Pod"],"operations":\#(operations)}}]}"#)
        #expect(
            watched == (expected.isEmpty ? [] : [WatchedKind(version: "v1", kind: "Pod", operations: Set(expected))]))
    }

    @Test("Where all filters must match, the kinds of one and the operations of all")
    func all() throws {
        let filters = """
            [{"resources":{"namespaces":["prod"],"operations":["CREATE"]}},{"resources":{"kinds":["Job"]}},\
            {"resources":{"kinds":["Job","CronJob"]}}]
            """
        #expect(try watched(#"{"all":\#(filters)}"#) == [WatchedKind(kind: "Job", operations: [.create])])
    }

    @Test("A filter that matches nothing adds nothing")
    func nothing() {
        let rule = ImageRule(
            name: "a", match: MatchBlock(.any, [ResourceFilter(), ResourceFilter(kinds: [KindSelector(kind: "Job")])]),
            entries: [], policyAction: .enforce)
        #expect(rule.watchedKinds == [WatchedKind(kind: "Job")])
        let none = ImageRule(
            name: "a", match: MatchBlock(.all, [ResourceFilter(), ResourceFilter(kinds: [KindSelector(kind: "Job")])]),
            entries: [], policyAction: .enforce)
        #expect(none.watchedKinds.isEmpty)
    }
}
