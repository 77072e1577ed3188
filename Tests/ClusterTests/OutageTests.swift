import Foundation
import Testing

@testable import TestSupport

/// The API server goes away, or the way to it breaks: no policy is lost, and decisions go on from the last good set.
@Suite(.needsCluster) struct OutageTests {
    /// What a replica decides itself, whatever becomes of the API server.
    private static func expectDecisions(
        of replica: Replica, _ stage: Stage, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let world = stage.world
        let admitted = try await replica.review(Review(world.image("signed2")))
        #expect(admitted.allowed, "\(admitted)", sourceLocation: sourceLocation)
        #expect(admitted.patchedImages == [stage.pinned("signed2")], sourceLocation: sourceLocation)
        let denied = try await replica.review(Review(world.image("unsigned")))
        #expect(!denied.allowed, "\(denied)", sourceLocation: sourceLocation)
        let ready = try await replica.get("/readyz").status
        #expect(ready == 200, "ready from the last good set", sourceLocation: sourceLocation)
    }

    @Test func theAPIServerIsAwayForHalfAMinute() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        await stage.cluster.stop()
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            try await Self.expectDecisions(of: replica, stage)
            try await Task.sleep(for: .seconds(1))
        }
        try await stage.cluster.start()
        // Before it was ready it knew no roles, and refused everybody.
        let ready = stage.cluster.audit.mark()
        try await Self.expectDecisions(of: replica, stage)
        #expect(try await stage.admission(of: "unsigned") == .denied)
        #expect(try await stage.admission(of: "signed2") == .admitted)

        try await stage.applyPolicy(key: stage.world.otherKey)
        try await stage.takes("after the outage, an edited policy counts after", within: .seconds(60)) {
            try await stage.admission(of: "other2") == .admitted
        }
        #expect(try await stage.admission(of: "signed2") == .denied)
        try stage.expectNothingForbidden(since: ready)
    }

    @Test func theWatchIsCutEverySecondForAMinute() async throws {
        let stage = try await Stage.set()
        let relay = try Relay(to: [stage.cluster.port])
        let replica = try await Replica.start(in: stage.cluster, through: relay)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        let mark = stage.cluster.audit.mark()
        for second in 1...60 {
            relay.cut()
            try await Self.expectDecisions(of: replica, stage)
            // Something changes that leaves the decisions alone, and something of another policy.
            if second.isMultiple(of: 10) {
                try await stage.admin.apply(
                    Policies.modern("other.example/\(second)/*", key: stage.world.key.publicPEM, name: "other"))
            }
            try await Task.sleep(for: .milliseconds(900))
        }
        let requests = try stage.cluster.audit.entries(since: mark)
        print("  a minute of cuts: \(requests.count) requests, \(relay.connectionCount) connections")

        // The last change came through, and the policy is still there.
        try await stage.takes("after the cuts, the last edit counts after", within: .seconds(60)) {
            try await !replica.review(Review("other.example/60/app:v1")).allowed
        }
        #expect(try await replica.review(Review("other.example/50/app:v1")).allowed)
        try await Self.expectDecisions(of: replica, stage)
        try await stage.applyPolicy(key: stage.world.otherKey)
        try await stage.takes("after the cuts, an edited policy counts after", within: .seconds(60)) {
            try await stage.admission(of: "other2") == .admitted
        }
        try stage.expectNothingForbidden()
    }

    @Test func whatHappenedWhileItWasAwayIsReadAgain() async throws {
        let stage = try await Stage.set()
        let relay = try Relay(to: [stage.cluster.port])
        let replica = try await Replica.start(in: stage.cluster, through: relay)
        try await stage.applyPolicy()
        try await stage.admin.apply(
            Policies.modern("gone.example/*", key: stage.world.key.publicPEM, name: "goes-meanwhile"))
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        try await stage.takes("and the other one after") {
            try await !replica.review(Review("gone.example/app:v1")).allowed
        }
        let path = "/apis/kyverno.io/v1/clusterpolicies"
        let version =
            try await stage.admin.succeed("get", "--raw", path)
            .firstMatch(of: /"resourceVersion":"([0-9]+)"/).map { String($0.output.1) } ?? ""

        // While the server is cut off one policy is edited, one goes, one comes, and their history is thrown away.
        relay.close()
        try await stage.admin.succeed(
            "delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "--all")
        try await stage.applyPolicy(key: stage.world.otherKey)
        try await stage.admin.succeed("delete", "clusterpolicy", "goes-meanwhile")
        try await stage.admin.apply(
            Policies.modern("new.example/*", key: stage.world.key.publicPEM, name: "comes-meanwhile"))
        await stage.cluster.stop()
        try await stage.cluster.compact()
        try await stage.cluster.start()
        let watch = try await stage.admin.succeed(
            "get", "--raw", "\(path)?watch=1&timeoutSeconds=2&resourceVersion=\(version)")
        #expect(watch.contains("\"code\":410"), "the version must be gone for this test to say anything: \(watch)")
        try await Self.expectDecisions(of: replica, stage)

        relay.open()
        try await stage.takes("after 410, the edited policy counts after", within: .seconds(60)) {
            try await replica.review(Review(stage.world.image("other2"))).allowed
        }
        #expect(try await !replica.review(Review(stage.world.image("signed2"))).allowed)
        #expect(try await replica.review(Review("gone.example/app:v1")).allowed, "a policy that is gone")
        #expect(try await !replica.review(Review("new.example/app:v1")).allowed, "a policy that is new")
        try await stage.becomes(.denied, "unsigned", "and the API server asks again after")
        try stage.expectNothingForbidden()
    }

    @Test func aNewTokenIsReadFromTheFile() async throws {
        let stage = try await Stage.set()
        let replica = try await Replica.start(in: stage.cluster)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")

        // An account of the same name is another account: tokens of the first are worth nothing from then on.
        let account = ["serviceaccount", "countersign", "--namespace", APIServer.ourNamespace]
        let old = try replica.folder.read("token")
        try await stage.admin.succeed(["delete"] + account)
        try await stage.admin.succeed(["create"] + account)
        let isOver = try await eventually {
            try await stage.cluster.request("GET", "/api/v1/namespaces", token: old).status == 401
        }
        #expect(isOver)
        try await replica.renewToken()

        try await stage.applyPolicy(key: stage.world.otherKey)
        try await stage.takes("with a new token, an edited policy counts after", within: .seconds(90)) {
            try await stage.admission(of: "other2") == .admitted
        }
    }
}
