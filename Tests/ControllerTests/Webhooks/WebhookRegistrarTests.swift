import JSON
import Kubernetes
import Policy
import Testing

@testable import Cluster

@Suite("The registrar of webhooks", .timeLimit(.minutes(1)))
struct WebhookRegistrarTests {
    @Test("Writes what is needed, once, and then nothing")
    func writing() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()])
        await stage.until { stage.validating != nil }
        #expect(stage.mutating?["webhooks"]?[0]?["name"]?.string == "mutate-fail.countersign.svc")
        #expect(stage.ofPolicies != nil)
        #expect(stage.cluster.writes.map(\.verb) == ["apply", "apply", "apply"])

        stage.cluster.forgetRequests()
        // The same again, a reconnect, a lost history, somebody's note: nothing of it is ours to write.
        stage.policies.set(stage.policies.value)
        stage.caBundle.set(.pem("CA"))
        stage.cluster.compact()
        stage.cluster.cutWatches()
        let noted = try #require(stage.mutating).description
            .replacing(#""annotations":{}"#, with: #""annotations":{"note":"hello"}"#)
        try stage.cluster.put(.mutatingWebhookConfigurations, noted)
        await stage.settle()
        #expect(stage.cluster.writes.isEmpty)
    }

    @Test("Nothing is written before the policies and the CA are known")
    func waiting() async throws {
        let stage = RegistrarStage(nil, caBundle: nil)
        await stage.settle()
        #expect(stage.cluster.writes.isEmpty)
        stage.policies.set(PolicySnapshot([try RegisteredPolicy.make()]))
        await stage.settle()
        #expect(stage.cluster.writes.isEmpty)
        stage.caBundle.set(.pem("CA"))
        await stage.until { stage.validating != nil }
    }

    @Test("What is there before the policies are known stays")
    func staying() async throws {
        let stage = RegistrarStage(nil)
        try stage.cluster.put(.mutatingWebhookConfigurations, #"{"metadata":{"name":"countersign"},"webhooks":[]}"#)
        await stage.settle()
        #expect(stage.mutating != nil)
        // An empty set that is known is another thing.
        stage.policies.set(.empty)
        await stage.until { stage.mutating == nil && stage.events.contains(.deleted("countersign")) }
    }

    @Test("Policies come and go, and webhooks with them")
    func comingAndGoing() async throws {
        let stage = RegistrarStage([])
        await stage.until { stage.ofPolicies != nil }
        #expect(stage.mutating == nil && stage.validating == nil)
        stage.policies.set(PolicySnapshot([try RegisteredPolicy.make(failurePolicy: "Ignore")]))
        await stage.until { stage.validating != nil }
        #expect(stage.mutating?["webhooks"]?.count == 1)
        stage.policies.set(
            PolicySnapshot([try RegisteredPolicy.make(), try RegisteredPolicy.make("b", failurePolicy: "Ignore")]))
        await stage.until { stage.validating?["webhooks"]?.count == 2 }
        stage.policies.set(.empty)
        await stage.until { stage.mutating == nil && stage.validating == nil }
        #expect(stage.ofPolicies != nil)
    }

    @Test("Who does not lead writes nothing, and begins when it does")
    func leading() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()], leads: false)
        await stage.settle()
        #expect(stage.cluster.writes.isEmpty)
        stage.leadership.set(true)
        await stage.until { stage.validating != nil }
        stage.leadership.set(false)
        stage.cluster.remove(.validatingWebhookConfigurations, ObjectName("countersign"))
        await stage.settle()
        #expect(stage.validating == nil)
    }

    @Test("What is deleted comes back")
    func deletion() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()])
        for _ in 0..<3 {
            await stage.until { stage.mutating != nil && stage.validating != nil && stage.ofPolicies != nil }
            stage.cluster.remove(.mutatingWebhookConfigurations, ObjectName("countersign"))
            stage.cluster.remove(.validatingWebhookConfigurations, ObjectName("countersign-policies"))
        }
        await stage.until { stage.mutating != nil && stage.ofPolicies != nil }
    }

    @Test(
        "What is edited is put back, also what is only added",
        arguments: [
            (#""failurePolicy":"Fail""#, #""failurePolicy":"Ignore""#),
            (#""objectSelector":{}"#, #""objectSelector":{"matchLabels":{"let":"me"}}"#),
            (#""webhooks":["#, #""webhooks":[{"name":"foreign.example.com"},"#),
            (#""scope":"*""#, #""scope":"Cluster""#),
            (#""caBundle":"Q0E=","#, ""),
            (
                #""timeoutSeconds":10"#,
                #""timeoutSeconds":10,"matchConditions":[{"name":"never","expression":"false"}]"#
            ),
            (#""app.kubernetes.io/managed-by":"countersign""#, ""),
            (#""annotations":{}"#, #""annotations":{"cert-manager.io/inject-ca-from":"x/y"}"#),
        ])
    func edits(_ original: String, _ edited: String) async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()])
        await stage.until { stage.validating != nil }
        let good = try #require(stage.mutating)
        #expect(good.description.contains(original))
        let form = LiveConfiguration(good, ignoringCABundle: false)
        try stage.cluster.put(
            .mutatingWebhookConfigurations, good.description.replacing(original, with: edited))
        #expect(stage.mutating.map { LiveConfiguration($0, ignoringCABundle: false) } != form)
        await stage.until { stage.mutating.map { LiveConfiguration($0, ignoringCABundle: false) } == form }
        #expect(!stage.events.contains(.altered("countersign")))
    }

    @Test("A new CA goes into all configurations, which is told once it is there")
    func rotation() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()], caBundle: .pem("old"))
        var bundles = stage.registrar.registeredCABundles.values().makeAsyncIterator()
        while let seen = await bundles.next(), seen != ["old"] {}
        await stage.until { stage.validating != nil }
        stage.cluster.forgetRequests()
        stage.caBundle.set(.pem("old\nnew"))
        while let seen = await bundles.next(), seen != ["old\nnew"] {}
        #expect(stage.cluster.writes.count == 3)
        for object in [stage.mutating, stage.validating, stage.ofPolicies] {
            #expect(object?["webhooks"]?[0]?["clientConfig"]?["caBundle"]?.string == "b2xkCm5ldw==")
        }
    }

    @Test("A replica that does not lead knows too what the configurations carry")
    func following() async throws {
        let stage = RegistrarStage([], caBundle: .pem("new"), leads: false)
        try stage.cluster.put(
            .mutatingWebhookConfigurations,
            #"{"metadata":{"name":"countersign"},"webhooks":[{"name":"a","clientConfig":{"caBundle":"QQ=="}}]}"#)
        await stage.until { stage.registrar.registeredCABundles.value == ["A"] }
    }

    @Test("What cert-manager injects is left alone")
    func injection() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make()], caBundle: .injected(from: "countersign/serving"))
        await stage.until { stage.validating != nil }
        stage.cluster.forgetRequests()
        let injected = try #require(stage.mutating).description
            .replacing(#""clientConfig":{"#, with: #""clientConfig":{"caBundle":"QQ==","#)
        try stage.cluster.put(.mutatingWebhookConfigurations, injected)
        await stage.settle()
        #expect(stage.cluster.writes.isEmpty)
    }

    @Test("While the API server refuses, it is asked again, and what is needed is written in the end")
    func failing() async throws {
        let stage = RegistrarStage([])
        await stage.until { stage.ofPolicies != nil }
        stage.cluster.fail { $0.isWrite ? .unreachable("away") : nil }
        stage.policies.set(PolicySnapshot([try RegisteredPolicy.make()]))
        await stage.until { stage.events.count { $0 == .failed("countersign", .unreachable("away")) } > 3 }
        stage.cluster.fail(nil)
        await stage.until { stage.validating != nil && stage.mutating != nil }
    }

    @Test("A kind whose CustomResourceDefinition comes later is registered by a guess, and then as it is")
    func discovering() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make(kinds: ["Octopus"])])
        await stage.until { stage.validating != nil }
        #expect(stage.mutating?["webhooks"]?[0]?["rules"]?[0]?["resources"]?.description == #"["octopuses"]"#)
        #expect(stage.events.contains(.unknownKinds(["Octopus"])))
        stage.discover([.custom("sea.test", "v1", "octopodes", "Octopus")])
        await stage.until {
            stage.mutating?["webhooks"]?[0]?["rules"]?[0]?["resources"]?.description == #"["octopodes"]"#
        }
        #expect(stage.mutating?["webhooks"]?[0]?["rules"]?[0]?["apiGroups"]?.description == #"["sea.test"]"#)
    }

    @Test("A kind that discovery leaves out, as an API that is away for a moment, stays registered")
    func halfDiscovered() async throws {
        let stage = RegistrarStage([try RegisteredPolicy.make(kinds: ["Octopus", "Crab"])])
        stage.discover([.custom("sea.test", "v1", "octopodes", "Octopus")])
        await stage.until { stage.mutating?.description.contains(#""octopodes""#) == true }
        stage.discover([.custom("shore.test", "v1", "crabben", "Crab")])
        await stage.until { stage.mutating?.description.contains(#""crabben""#) == true }
        #expect(stage.mutating?.description.contains(#""octopodes""#) == true)
    }

    @Test("The budget lets bursts through and slows what does not end")
    func budget() {
        var budget = WriteBudget()
        let start = ContinuousClock.now
        for _ in 0..<WriteBudget.burst { #expect(budget.spend(at: start) == nil) }
        #expect(budget.spend(at: start) == .seconds(1))
        #expect(budget.spend(at: start + .milliseconds(400)) == .milliseconds(600))
        #expect(budget.spend(at: start + .seconds(1)) == nil)
        #expect(budget.spend(at: start + .seconds(1)) == .seconds(1))
        #expect(budget.spend(at: start + .seconds(3600)) == nil)
        for _ in 1..<WriteBudget.burst { #expect(budget.spend(at: start + .seconds(3600)) == nil) }
        #expect(budget.spend(at: start + .seconds(3600)) != nil)
    }
}

@Suite("The configurations as they are")
struct LiveWebhooksTests {
    private func object(_ version: String, _ caBundle: String = "") throws -> Value {
        let text = """
            {"metadata":{"name":"countersign","resourceVersion":"\(version)"},
             "webhooks":[{"name":"a","clientConfig":{"caBundle":"\(caBundle)"}}]}
            """
        return try Document(Array(text.utf8)).root
    }

    @Test("What a watch tells of what came before a write of ours is passed over")
    func order() throws {
        let live = LiveWebhooks(count: 1)
        #expect(!live.isKnown && live.caBundles.value == nil)
        live.take(.replaced([]), at: 0)
        #expect(live.isKnown && live.caBundles.value == [])
        live.wrote(try object("7", "QQ=="), at: 0, since: live.moment(at: 0))
        #expect(live.caBundles.value == ["A"])
        live.take(.changed(try object("6")), at: 0)
        live.take(.removed(try object("5")), at: 0)
        #expect(live.caBundles.value == ["A"])
        live.take(.changed(try object("8", "Qg==")), at: 0)
        #expect(live.caBundles.value == ["B"])
        live.take(.removed(try object("9")), at: 0)
        #expect(live[0] == nil && live.caBundles.value == [])
    }

    @Test("A list counts whatever its version, and so does what comes after it")
    func restored() throws {
        let live = LiveWebhooks(count: 1)
        live.wrote(try object("1000", "QQ=="), at: 0, since: live.moment(at: 0))
        live.take(.replaced([try object("3")]), at: 0)
        #expect(live.caBundles.value == [""])
        live.take(.changed(try object("4", "Qg==")), at: 0)
        #expect(live.caBundles.value == ["B"])
    }

    @Test("All have to be known before anything is said")
    func several() throws {
        let live = LiveWebhooks(count: 2)
        live.take(.replaced([try object("1", "QQ==")]), at: 0)
        live.take(.stale(.unreachable("away")), at: 1)
        #expect(live.caBundles.value == nil)
        live.take(.absent, at: 1)
        #expect(live.caBundles.value == ["A"])
    }
}

@Suite("The doorbell", .timeLimit(.minutes(1)))
struct DoorbellTests {
    @Test("Rung before or while somebody waits, it wakes once")
    func ringing() async {
        let bell = Doorbell()
        bell.ring()
        bell.ring()
        await bell.wait()
        let waiter = Task { await bell.wait() }
        bell.ring()
        await waiter.value
    }

    @Test("It wakes at the instant, and with the end of the task")
    func ending() async {
        let bell = Doorbell()
        await bell.wait(until: .now)
        let waiter = Task { await bell.wait() }
        waiter.cancel()
        await waiter.value
    }
}
