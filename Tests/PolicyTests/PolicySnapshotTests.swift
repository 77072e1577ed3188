import JSON
import Testing

@testable import Policy

@Suite struct PolicySnapshotTests {
    private func snapshot(_ rules: [(name: String, match: String)]) throws -> PolicySnapshot {
        PolicySnapshot(
            try rules.map { name, match in
                try policy(Sample.policy(name, rules: "[\(Sample.rule(name, match: match))]"))
            })
    }

    private func names(_ snapshot: PolicySnapshot, _ kind: String, group: String = "") -> [String] {
        snapshot.applicableRules(
            to: ResourceAttributes(operation: .create, group: group, kind: kind, namespace: "prod", name: "a")
        ).map(\.rule.name)
    }

    @Test func theOrderIsThatOfThePolicies() throws {
        let snapshot = try snapshot([
            ("pods", #"{"any":[{"resources":{"kinds":["v1/Pod"]}}]}"#),
            ("anything", #"{"any":[{"resources":{"namespaces":["prod"]}}]}"#),
            ("sets", #"{"any":[{"resources":{"kinds":["*Set"]}}]}"#),
            ("both", #"{"any":[{"resources":{"kinds":["v1/Pod","ReplicaSet"]}}]}"#),
            ("elsewhere", #"{"any":[{"resources":{"namespaces":["dev"]}}]}"#),
        ])
        #expect(names(snapshot, "Pod") == ["pods", "anything", "both"])
        #expect(names(snapshot, "ReplicaSet", group: "apps") == ["anything", "sets", "both"])
        #expect(names(snapshot, "DaemonSet", group: "apps") == ["anything", "sets"])
        #expect(names(snapshot, "Service") == ["anything"])
        #expect(snapshot.kinds.named == ["Pod", "ReplicaSet"])
        #expect(snapshot.kinds.others)
    }

    @Test func emptyMatchesNothing() {
        #expect(names(.empty, "Pod").isEmpty)
        #expect(PolicySnapshot.empty.kinds == ([], false))
    }

    @Test func aRuleComesWithItsPolicy() throws {
        let snapshot = try snapshot([("a", #"{"any":[{"resources":{"kinds":["Job"]}}]}"#)])
        let applicable = snapshot.applicableRules(
            to: ResourceAttributes(operation: .update, group: "batch", kind: "Job", namespace: "prod", name: "a"))
        #expect(applicable.map(\.policy.name) == ["a"])
    }
}
