import Foundation
import Testing

@testable import TestSupport

/// Two replicas behind one address: both decide, one writes.
@Suite(.needsCluster) struct ReplicaTests {
    /// Who holds the Lease, as the API server saw it written.
    private static func leader(since mark: Int, of stage: Stage) throws -> String? {
        try stage.writes(since: mark).last { $0.resource == "leases" && (200..<300).contains($0.code) }?.replica
    }

    @Test func oneWritesBothDecideAndTheOtherTakesOver() async throws {
        let stage = try await Stage.set()
        let ports = [try FreePort.find(), try FreePort.find()]
        let service = try Relay(to: ports)
        let first = try await Replica.start(
            "countersign-a", in: stage.cluster, port: ports[0], webhookPort: service.port)
        let second = try await Replica.start(
            "countersign-b", in: stage.cluster, port: ports[1], webhookPort: service.port)
        try await stage.applyPolicy()
        try await stage.becomes(.denied, "unsigned", "a new policy counts after")
        for replica in [first, second] {
            try await stage.takes("\(replica.name) knows it after") {
                try await !replica.review(Review(stage.world.image("unsigned"))).allowed
            }
        }
        try await Task.sleep(for: .seconds(3))

        // A quiet while: nothing is written but the Lease, and that by one of them.
        let quiet = stage.cluster.audit.mark()
        try await Task.sleep(for: .seconds(12))
        let writes = try stage.writes(since: quiet)
        #expect(writes.filter { $0.resource != "leases" }.isEmpty)
        #expect(Set(writes.map(\.replica)).count == 1, "\(writes)")
        #expect(writes.count <= 12, "\(writes)")
        let leader = try #require(try Self.leader(since: quiet, of: stage))

        // Both come to the same answers, word for word.
        for tag in ["signed2", "signed3", "unsigned", "other2", "moved3"] {
            let review = Review(stage.world.image(tag))
            let answers = [try await first.review(review), try await second.review(review)]
            #expect(answers[0].text == answers[1].text)
        }
        let byBoth = try stage.writes()
        print(
            "  until here the replicas wrote \(byBoth.count) times, \(byBoth.count { $0.resource == "leases" }) to the Lease"
        )
        #expect(byBoth.filter { $0.resource != "leases" }.count <= 40, "\(byBoth)")

        // The leader dies without a word. The other goes on deciding, and writes once the Lease has run out.
        let death = stage.cluster.audit.mark()
        let (dead, left) = leader == first.name ? (first, second) : (second, first)
        await dead.end(SIGKILL)
        for _ in 0..<10 {
            #expect(try await stage.admission(of: "unsigned") == .denied)
            #expect(try await stage.admission(of: "signed2") == .admitted)
        }
        try await stage.takes("the Lease moves after", within: .seconds(60)) {
            try Self.leader(since: death, of: stage) == left.name
        }
        // Whoever leads keeps the webhooks, with the certificates that both know.
        try await stage.admin.succeed("delete", "mutatingwebhookconfiguration", "countersign")
        try await stage.becomes(.denied, "unsigned", "the new leader has the webhook back after")
        try await stage.applyPolicy(key: stage.world.otherKey)
        try await stage.becomes(.admitted, "other2", "an edited policy counts after")

        // Asked to end, a leader gives the Lease back: the next one need not wait for it to run out.
        let third = try await Replica.start(dead.name, in: stage.cluster, port: dead.port, webhookPort: service.port)
        try await stage.takes("the third knows the policy after") {
            try await third.review(Review(stage.world.image("other2"))).allowed
        }
        let goodbye = stage.cluster.audit.mark()
        #expect(await left.end(SIGTERM) == 0)
        try await stage.takes("given back, the Lease moves after", within: .seconds(60)) {
            try stage.writes(since: goodbye).last {
                $0.resource == "leases" && $0.replica == third.name && (200..<300).contains($0.code)
            } != nil
        }
        #expect(try await stage.admission(of: "unsigned") == .denied)
        try stage.expectNothingForbidden()
    }
}
