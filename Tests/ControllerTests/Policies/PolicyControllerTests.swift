import Cluster
import JSON
import Kubernetes
import LocalCluster
import Policy
import Testing

@Suite("Policies as objects of the cluster", .timeLimit(.minutes(1))) struct PolicyControllerTests {
    private static let broken = #""applyRules":"Some""#
    private static let gone = APIFailure.unreachable("the cable is out")
    private static let forbidden = APIFailure.status(403, reason: "Forbidden", message: "no")
    private static let notFound = APIFailure.status(404, reason: "NotFound", message: "no such resource")

    @Test("What counts is known when every kind has been read, and not before")
    func sync() async throws {
        let scene = PolicyScene()
        try scene.put("a")
        scene.cluster.fail { $0.type == .policies ? Self.gone : nil }
        scene.start()
        // The other kind has been read by the time that this one was asked for twice.
        try await until {
            scene.cluster.requests.count { $0.type == .policies } >= 3
                && scene.cluster.requests.contains { $0.type == .clusterPolicies && $0.verb == "watch" }
        }
        #expect(!scene.controller.state.value.isSynced)
        scene.cluster.fail(nil)
        let state = try await scene.state(with: ["a"])
        #expect(state.outcomes.map(\.standing) == [.inForce])
        #expect(state.rejectedCount == 0)
        // Exceptions are not even asked for.
        #expect(!scene.cluster.requests.contains { $0.type.plural == "policyexceptions" })
        #expect(scene.cluster.writes == [])
    }

    @Test("They come, change and go")
    func changes() async throws {
        let scene = PolicyScene()
        scene.start()
        try await scene.state(with: [])
        try scene.put("b")
        try scene.put("a", namespace: "shop")
        try await scene.state(with: ["b", "shop/a"])
        try scene.put("b", spec: #""emitWarning":true"#)
        let state = try await scene.state { $0.snapshot?.policies.first?.emitsWarnings == true }
        scene.remove("b")
        let after = try await scene.state(with: ["shop/a"])
        // What did not change was not compiled again.
        #expect(state.snapshot?.policies[1] === after.snapshot?.policies[0])
        try await until { scene.events.count >= 3 }
        #expect(scene.events.last == "ClusterPolicy b: deleted")
        #expect(scene.events.contains("Policy shop/a: in force"))
    }

    @Test("A broken one is told of, and its last good version stays in force")
    func broken() async throws {
        let scene = PolicyScene()
        try scene.put("a")
        scene.start()
        let before = try await scene.state(with: ["a"])
        try scene.put("a", spec: Self.broken)
        let after = try await scene.state { $0.outcomes.first?.standing == .lastGoodInForce }
        #expect(after.rejectedCount == 1)
        // What is in force is the very same.
        #expect(after.snapshot === before.snapshot)
        try await until { !scene.events.isEmpty }
        #expect(scene.events.first?.contains("spec.applyRules") == true)
    }

    @Test("At the first reading those are told of that are not in force")
    func brokenAtFirst() async throws {
        let scene = PolicyScene()
        try scene.put("a")
        try scene.put("b", spec: Self.broken)
        scene.start()
        let state = try await scene.state(with: ["a", "b"])
        #expect(state.outcomes.map(\.standing) == [.inForce, .refusing])
        try await until { !scene.events.isEmpty }
        #expect(scene.events.allSatisfy { $0.hasPrefix("ClusterPolicy b: ") })
    }

    @Test("A change of the status alone makes no other snapshot")
    func statuses() async throws {
        let scene = PolicyScene()
        try scene.put("a")
        scene.start()
        let before = try await scene.state(with: ["a"])
        try scene.put("a", status: #"{"ready":true}"#)
        try scene.put("b")
        let after = try await scene.state(with: ["a", "b"])
        #expect(before.snapshot?.policies[0] === after.snapshot?.policies[0])
    }

    @Test("While the API server is away, what is known stays in force")
    func stale() async throws {
        let scene = PolicyScene()
        try scene.put("a")
        scene.start()
        let before = try await scene.state(with: ["a"])
        scene.cluster.fail { _ in Self.gone }
        scene.cluster.cutWatches(with: Self.gone)
        let stale = try await scene.state { $0.isStale }
        #expect(stale.snapshot === before.snapshot)
        scene.cluster.fail(nil)
        try await scene.state { !$0.isStale }
        try scene.put("b")
        try await scene.state(with: ["a", "b"])
        #expect(scene.events.contains { $0.contains("the cable is out") })
    }

    @Test("What was deleted unseen is gone after the next list")
    func compacted() async throws {
        let scene = PolicyScene()
        try scene.put("a")
        try scene.put("b")
        scene.start()
        try await scene.state(with: ["a", "b"])
        scene.cluster.fail { $0.verb == "watch" ? Self.gone : nil }
        scene.cluster.cutWatches()
        scene.remove("a")
        scene.cluster.compact()
        scene.cluster.fail(nil)
        try await scene.state(with: ["b"])
    }

    @Test("A cluster without the kinds has no policies")
    func absent() async throws {
        let scene = PolicyScene()
        scene.cluster.fail { $0.type.group == "kyverno.io" ? Self.notFound : nil }
        scene.start()
        try await scene.state(with: [])
        // And when it gets them, it has.
        try scene.put("a")
        scene.cluster.fail(nil)
        try await scene.state(with: ["a"])
        #expect(scene.events.contains("the cluster has no kind ClusterPolicy"))
    }

    private func define(_ plural: String, versions: [String] = ["v1"], in cluster: LocalCluster) throws {
        let list = versions.map { #"{"name":"\#($0)","served":true}"# }.joined(separator: ",")
        try cluster.put(
            .customResourceDefinitions,
            #"{"metadata":{"name":"\#(plural).kyverno.io"},"spec":{"versions":[\#(list)]}}"#)
    }

    @Test("A kind that is defined and not yet served is not taken for absent")
    func starting() async throws {
        let scene = PolicyScene()
        try define("clusterpolicies", in: scene.cluster)
        try define("policies", in: scene.cluster)
        try scene.put("a")
        scene.start()
        try await scene.state(with: ["a"])

        // As an API server that starts: nothing is lost.
        scene.cluster.fail { $0.type.group == "kyverno.io" ? Self.notFound : nil }
        scene.cluster.forgetRequests()
        scene.cluster.cutWatches()
        try await until {
            scene.cluster.requests.count { $0.type == .customResourceDefinitions && $0.verb == "get" } >= 6
        }
        #expect(scene.controller.state.value.snapshot?.policies.map(\.name) == ["a"])
        scene.cluster.fail(nil)
        try scene.put("b")
        try await scene.state(with: ["a", "b"])

        // And then it is really gone.
        scene.cluster.fail { $0.type.group == "kyverno.io" ? Self.notFound : nil }
        for plural in ["clusterpolicies", "policies"] {
            scene.cluster.remove(.customResourceDefinitions, ObjectName("\(plural).kyverno.io"))
        }
        scene.cluster.cutWatches()
        try await scene.state(with: [])
    }

    @Test("Whoever may not ask for the definition believes that there is none, as long as nothing is lost by it")
    func forbiddenDefinitions() async throws {
        let scene = PolicyScene()
        scene.cluster.fail { request in
            if request.type == .customResourceDefinitions { return Self.forbidden }
            return request.type == .policies ? Self.notFound : nil
        }
        try scene.put("a")
        scene.start()
        try await scene.state(with: ["a"])
    }

    /// What a proxy answers that has lost its API server, and an API server that does not let us ask.
    @Test("What was read once is gone only when the API server itself says so", arguments: [404, 403])
    func doubtfulAbsence(status: Int) async throws {
        let scene = PolicyScene()
        try scene.put("a")
        try scene.put("b", namespace: "shop")
        scene.start()
        let before = try await scene.state(with: ["a", "shop/b"])
        let doubtful = status == 403 ? Self.forbidden : APIFailure.status(404, reason: "", message: "")
        scene.cluster.fail { request in
            request.type == .customResourceDefinitions ? doubtful : .status(404, reason: "", message: "")
        }
        scene.cluster.forgetRequests()
        scene.cluster.cutWatches()
        let doubt = try await scene.state { $0.isStale }
        try await until {
            scene.cluster.requests.count { $0.type == .customResourceDefinitions && $0.verb == "get" } >= 6
        }
        #expect(doubt.snapshot === before.snapshot)
        #expect(scene.controller.state.value.snapshot === before.snapshot)
        // When it is back, nothing was lost.
        scene.cluster.fail(nil)
        try await scene.state { !$0.isStale }
        try scene.put("c")
        try await scene.state(with: ["a", "c", "shop/b"])
    }

    @Test("Files and objects count together; a file comes first, and is taken again when it changes")
    func files() async throws {
        func files(_ names: String...) throws -> LoadResult {
            PolicyLoader.load(
                documents: try names.map { ("\($0).yaml", try Document(Array(PolicyScene.policy($0).utf8))) })
        }
        let scene = PolicyScene(files: try files("z"))
        try scene.put("a")
        try scene.put("y")
        scene.start()
        try await scene.state(with: ["z", "a", "y"])
        scene.controller.use(try files("z", "y"))
        let state = try await scene.state(with: ["z", "y", "a"])
        #expect(state.outcomes.map(\.standing) == [.inForce, .givenInFile("y.yaml")])
        #expect(state.rejectedCount == 1)
        scene.controller.use(try files("z"))
        try await scene.state(with: ["z", "a", "y"])
    }

    private func exception(_ version: String) -> String {
        #"""
        {"apiVersion":"kyverno.io/\#(version)","kind":"PolicyException","metadata":{"name":"e","namespace":"n"},
         "spec":{"exceptions":[{"policyName":"a","ruleNames":["*"]}],"match":{"any":[{"resources":{"kinds":["Pod"]}}]}}}
        """#
    }

    @Test("Exceptions are followed where they count, in the version that there is", arguments: ["v2", "v2beta1"])
    func exceptions(version: String) async throws {
        let scene = PolicyScene(exceptions: true)
        try define("policyexceptions", versions: ["v2beta1", version], in: scene.cluster)
        try scene.put("a")
        try scene.cluster.put(.policyExceptions, exception(version))
        scene.cluster.fail { request in
            request.type.plural == "policyexceptions" && request.type.version != version ? Self.notFound : nil
        }
        scene.start()
        let state = try await scene.state(with: ["a"])
        #expect(state.snapshot?.exceptions.map(\.qualifiedName) == ["n/e"])
        scene.cluster.remove(.policyExceptions, ObjectName("e", namespace: "n"))
        try await scene.state { $0.snapshot?.exceptions == [] }
    }

    @Test(
        "Exceptions are found in an older version also by whoever may not ask for definitions, and when they come late")
    func exceptionsWithoutDefinitions() async throws {
        let scene = PolicyScene(exceptions: true)
        try scene.put("a")
        try scene.cluster.put(.policyExceptions, exception("v2beta1"))
        scene.cluster.fail { request in
            if request.type == .customResourceDefinitions { return Self.forbidden }
            return request.type.plural == "policyexceptions" ? Self.notFound : nil
        }
        scene.start()
        try await scene.state { $0.snapshot?.exceptions == [] }
        scene.cluster.fail { request in
            if request.type == .customResourceDefinitions { return Self.forbidden }
            return request.type.plural == "policyexceptions" && request.type.version == "v2" ? Self.notFound : nil
        }
        try await scene.state { $0.snapshot?.exceptions.map(\.qualifiedName) == ["n/e"] }
        // And the older version gives way to the newer.
        try define("policyexceptions", versions: ["v2"], in: scene.cluster)
        scene.cluster.fail { $0.type.version == "v2beta1" ? Self.notFound : nil }
        scene.cluster.cutWatches()
        try scene.cluster.put(.policyExceptions, exception("v2").replacing(#""e""#, with: #""f""#))
        try await scene.state { $0.snapshot?.exceptions.map(\.qualifiedName) == ["n/e", "n/f"] }
    }

    @Test("Exceptions that the cluster has in no version that is known are none")
    func strangeExceptions() async throws {
        let scene = PolicyScene(exceptions: true)
        try define("policyexceptions", versions: ["v9"], in: scene.cluster)
        scene.cluster.fail { $0.type.plural == "policyexceptions" ? Self.notFound : nil }
        scene.start()
        try await scene.state(with: [])
    }
}
