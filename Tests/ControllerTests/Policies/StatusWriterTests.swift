import Cluster
import JSON
import Kubernetes
import LocalCluster
import Policy
import Testing

@Suite("What is written into policies", .timeLimit(.minutes(1))) struct StatusWriterTests {
    private static let broken = #""applyRules":"Some""#

    private let scene = PolicyScene()
    private let told = TellTale()

    private func start(leads: any Leadership = SoleLeader()) {
        let writer = StatusWriter(
            api: scene.cluster, controller: scene.controller, leadership: leads, pace: PolicyScene.quick,
            interval: .zero, observer: { [told] in told.tell($0.description) })
        scene.start()
        scene.run { await writer.run() }
    }

    private func condition(_ name: String, namespace: String? = nil) -> Value? {
        let type = namespace == nil ? ResourceType.clusterPolicies : .policies
        let object = scene.cluster.object(type, ObjectName(name, namespace: namespace))
        return object?["status"]?["conditions"]?.elements.first { $0["type"]?.string == "Ready" }
    }

    /// Waits until a policy says so of itself.
    private func says(_ name: String, namespace: String? = nil, _ reason: String) async throws {
        try await until { condition(name, namespace: namespace)?["reason"]?.string == reason }
    }

    /// Waits until everything that was to be written has been.
    private func settle() async throws {
        try scene.put("zz-last")
        try await says("zz-last", "InForce")
        scene.remove("zz-last")
        try await scene.state { state in !state.outcomes.contains { $0.id.name == "zz-last" } }
    }

    @Test("Each policy says whether it is in force, once")
    func conditions() async throws {
        try scene.put("a")
        try scene.put("b", spec: Self.broken)
        try scene.put("c", namespace: "shop")
        start()
        try await says("a", "InForce")
        try await says("b", "InvalidRefusing")
        try await says("c", namespace: "shop", "InForce")
        let good = condition("a")
        #expect(good?["status"]?.string == "True")
        #expect(good?["message"]?.string == "in force")
        #expect(good?["lastTransitionTime"]?.string?.count == 20)
        let bad = condition("b")
        #expect(bad?["status"]?.string == "False")
        #expect(bad?["message"]?.string?.hasPrefix(#"spec.applyRules: "Some" is none of All, One; "#) == true)
        let object = scene.cluster.object(.clusterPolicies, ObjectName("a"))
        #expect(object?["status"]?["ready"]?.boolean == true)
        #expect(object?["status"]?["rulecount"]?["verifyimages"]?.integer == 1)
        #expect(object?["status"]?["rulecount"]?["validate"]?.integer == 0)

        try await settle()
        #expect(scene.cluster.writes.count == 4)
        #expect(scene.cluster.writes.allSatisfy { $0.verb == "apply" && $0.subresource == "status" })
    }

    @Test("A change of standing is written, with the time of the change")
    func transitions() async throws {
        let old =
            #"{"conditions":[{"type":"Ready","status":"True","reason":"InForce","message":"in force","#
            + #""lastTransitionTime":"2020-01-01T00:00:00Z"},{"type":"Other","status":"True"}]}"#
        try scene.put("a", status: old)
        start()
        try await settle()
        #expect(scene.cluster.writes.count == 1, "nothing had to be said of it")
        try scene.put("a", spec: Self.broken, status: old)
        try await says("a", "InvalidLastGoodInForce")
        #expect(condition("a")?["lastTransitionTime"]?.string != "2020-01-01T00:00:00Z")
        let conditions = scene.cluster.object(.clusterPolicies, ObjectName("a"))?["status"]?["conditions"]
        #expect(conditions?.elements.map { $0["type"]?.string } == ["Other", "Ready"])
        // Another reason for the same status keeps the time.
        let time = condition("a")?["lastTransitionTime"]?.string
        let status = scene.cluster.object(.clusterPolicies, ObjectName("a"))?["status"]?.description ?? ""
        try scene.put("a", spec: #""applyRules":"Other""#, status: status)
        try await until { condition("a")?["message"]?.string?.contains("Other") == true }
        #expect(condition("a")?["lastTransitionTime"]?.string == time)
    }

    @Test("A policy without image rules, and one that a file holds, say so")
    func otherReasons() async throws {
        let other =
            #"{"metadata":{"name":"o"},"spec":{"rules":[{"name":"r","match":{},"validate":{"message":"m"}}]}}"#
        try scene.cluster.put(.clusterPolicies, other)
        try scene.put("a")
        scene.controller.use(
            PolicyLoader.load(documents: [("a.yaml", try Document(Array(PolicyScene.policy("a").utf8)))]))
        start()
        try await says("o", "NoImageRules")
        #expect(condition("o")?["status"]?.string == "True")
        try await says("a", "GivenInFile")
        #expect(condition("a")?["status"]?.string == "False")
        #expect(condition("a")?["message"]?.string?.contains("a.yaml") == true)
    }

    @Test("Only the leader writes")
    func leadership() async throws {
        try scene.put("a")
        let turns = TakenTurns(false)
        start(leads: turns)
        try await scene.state(with: ["a"])
        try scene.put("b")
        try await scene.state(with: ["a", "b"])
        #expect(scene.cluster.writes == [])
        turns.lead(true)
        try await says("a", "InForce")
        try await says("b", "InForce")
        turns.lead(false)
        try scene.put("c")
        try await scene.state(with: ["a", "b", "c"])
        #expect(scene.cluster.writes.count == 2)
    }

    private func foreign(_ status: String) -> String {
        #"{"conditions":[{"type":"Ready","status":"\#(status)","reason":"Succeeded","message":"Ready","#
            + #""lastTransitionTime":"2020-01-01T00:00:00Z"}]}"#
    }

    @Test("Another controller that says that all is well is left alone")
    func foreignTrue() async throws {
        try scene.put("a", status: foreign("True"))
        start()
        try await settle()
        #expect(condition("a")?["reason"]?.string == "Succeeded")
        #expect(scene.cluster.writes.count == 1)
    }

    @Test("Another controller that disagrees is answered once", arguments: [true, false])
    func foreignDisagreement(isBroken: Bool) async throws {
        let (spec, status) = isBroken ? (Self.broken, "True") : ("", "False")
        try scene.put("a", spec: spec, status: foreign(status))
        start()
        try await says("a", isBroken ? "InvalidRefusing" : "InForce")
        for _ in 0..<3 {
            try scene.put("a", spec: spec, status: foreign(status))
            try await settle()
        }
        #expect(condition("a")?["reason"]?.string == "Succeeded")
        #expect(scene.cluster.writes.count { String(decoding: $0.body, as: UTF8.self).contains(#""name":"a""#) } == 1)
    }

    @Test("What another controller says of a policy without image rules is left alone")
    func foreignBusiness() async throws {
        func put(_ status: String) throws {
            try scene.cluster.put(
                .clusterPolicies,
                #"{"metadata":{"name":"o"},"spec":{"rules":[{"name":"r","match":{},"validate":{"message":"m"}}]},"#
                    + #""status":\#(status)}"#)
        }
        try put(foreign("False"))
        start()
        try await settle()
        #expect(condition("o")?["reason"]?.string == "Succeeded")
        #expect(!scene.cluster.writes.contains { $0.name == "o" })
        // Where nobody says anything, we do.
        try put("{}")
        try await says("o", "NoImageRules")
    }

    @Test("What another controller counts is not claimed")
    func foreignCount() async throws {
        let status = foreign("True").dropLast() + #","rulecount":{"verifyimages":7}}"#
        try scene.put("a", spec: Self.broken, status: String(status))
        start()
        try await says("a", "InvalidRefusing")
        let write = try #require(scene.cluster.writes.first { $0.name == "a" })
        let body = try Document(write.body).root
        #expect(body["status"]?["rulecount"] == nil)
        #expect(body["status"]?["conditions"]?.count == 1)
    }

    @Test("One that cannot be written stands in nobody's way", arguments: [403, 413, 500])
    func failingOne(status: Int) async throws {
        let failure = APIFailure.status(status, reason: "", message: "not this one")
        scene.cluster.fail { $0.verb == "apply" && $0.name == "a" ? failure : nil }
        try scene.put("a")
        try scene.put("b")
        try scene.put("c", namespace: "shop")
        start()
        try await says("b", "InForce")
        try await says("c", namespace: "shop", "InForce")
        // It is tried again, also when others come.
        try await until { scene.cluster.writes.count { $0.name == "a" } >= 3 }
        try scene.put("d")
        try await says("d", "InForce")
        #expect(told.lines == ["the status of ClusterPolicy a cannot be written: not this one"])
        scene.cluster.fail(nil)
        try await says("a", "InForce")
    }

    @Test("What could not be written is tried again, and told once")
    func failures() async throws {
        try scene.put("a")
        let down = APIFailure.status(503, reason: "ServiceUnavailable", message: "etcd is away")
        scene.cluster.fail { $0.verb == "apply" ? down : nil }
        start()
        try await until { scene.cluster.writes.count >= 3 }
        scene.cluster.fail(nil)
        try await says("a", "InForce")
        #expect(told.lines == ["the status of ClusterPolicy a cannot be written: etcd is away"])
    }

    @Test("What the API server will never take stands in nobody's way")
    func refusals() async throws {
        try scene.put("a")
        try scene.put("b")
        let never = APIFailure.status(422, reason: "Invalid", message: "never")
        scene.cluster.fail { $0.verb == "apply" && $0.name == "a" ? never : nil }
        start()
        try await says("b", "InForce")
        #expect(told.lines.first == "the status of ClusterPolicy a cannot be written: never")
    }
}
