import OpenSSL
import Testing

@testable import Cluster

/// Whatever happens around the Secret, no API server meets a certificate that it does not trust.
@Suite("No call fails")
struct CertificateWorldTests {
    /// A world where everybody has settled.
    private func settled(_ replicas: Int = 2, seed: UInt64 = 1) throws -> CertificateWorld {
        var world = CertificateWorld(replicas: replicas, servers: 3, seed: seed)
        try world.run(for: 5000)
        #expect(world.writes == ["begin"])
        #expect(world.failures.isEmpty)
        return world
    }

    /// Everybody agrees, nothing is under way, and nothing is written any more.
    private func expectPeace(_ world: inout CertificateWorld, _ note: String = "") throws {
        try world.run(for: 120_000)
        let writes = world.writes.count
        try world.run(for: 60_000)
        #expect(world.writes.count == writes, "\(note)")
        guard case .steady(let book) = world.state else {
            Issue.record("\(note) \(world.state)")
            return
        }
        #expect(book.retired.isEmpty, "\(note)")
        #expect(world.replicas.allSatisfy { $0.pair == book.pair }, "\(note)")
        #expect(world.finalTrust == [book.issuer.pem], "\(note)")
        if let failure = world.failures.first { Issue.record("\(note) \(failure)") }
    }

    @Test("through a rotation, which takes three writes")
    func rotation() throws {
        var world = try settled()
        let before = world.state.book
        try world.askForRotation()
        try expectPeace(&world)
        #expect(world.state.book?.issuer != before?.issuer)
        #expect(world.writes == ["begin", "announce", "promote", "retire"])
    }

    @Test("through twenty rotations in a row", arguments: [500, 7000])
    func twenty(pause: Int) throws {
        var world = try settled(3, seed: UInt64(pause))
        for _ in 0..<20 {
            try world.askForRotation()
            try world.run(for: pause)
        }
        try expectPeace(&world)
        // Those that came too fast were one.
        #expect(world.writes.count { $0 == "promote" } >= (pause < 6000 ? 2 : 20))
    }

    @Test("when the Secret is deleted twenty times")
    func deletion() throws {
        var world = try settled()
        for _ in 0..<20 {
            let before = world.state.book?.issuer
            world.set(nil)
            try world.run(for: 12_000)
            #expect(world.state.book?.issuer != before)
        }
        try expectPeace(&world)
    }

    @Test("when the Secret is replaced by another's, or by an older one of ours")
    func replacement() throws {
        var world = try settled()
        let backup = try CertificateScene.secret(#require(world.state.book))
        let other = try CertificateScene.book()
        world.set(try CertificateScene.secret(other))
        try expectPeace(&world)
        #expect(world.state.book?.issuer == other.issuer)
        world.set(backup)
        try expectPeace(&world)
        #expect(try world.state.book?.issuer == #require(CertificateSecret.state(of: backup).book).issuer)
    }

    @Test("over two years, with certificates that end")
    func years() throws {
        var world = try settled()
        let first = world.state.book?.issuer
        for _ in 0..<24 {
            world.pass(days: 30)
            try world.run(for: 70_000)
            #expect(world.failures.isEmpty, "\(world.failures.first ?? "")")
        }
        try expectPeace(&world)
        #expect(world.state.book?.issuer != first)
        #expect(world.writes.count { $0 == "promote" } == 2)
        #expect((7...12).contains(world.writes.count { $0 == "reissue" }))
    }

    @Test("whatever happens", arguments: 1...4)
    func chaos(seed: Int) throws {
        var world = try settled(3, seed: UInt64(seed))
        for _ in 0..<60 {
            switch world.pick(0..<8) {
            case 0: try world.askForRotation()
            case 1: world.set(nil)
            case 2: try world.damage()
            case 3:
                let index = world.pick(0..<3)
                if world.replicas[index].keeper.remembered != nil {
                    world.leader = index
                    world.tell("replica \(index) leads")
                }
            case 4:
                // Replicas are away for less than the overlap, and have time to hear what they missed.
                let index = world.pick(0..<3)
                if world.replicas[index].awayUntil + 5000 < world.time {
                    world.tell("replica \(index) is away")
                    world.replicas[index].awayUntil = world.time + world.pick(0..<40_000)
                }
            case 5:
                // Who has just begun learns from the others by way of the Secret, and leads only then.
                let index = world.pick(0..<3)
                if index != world.leader, world.state.book != nil { world.restart(index) }
            default: break
            }
            try world.run(for: world.pick(0..<15_000))
            guard world.failures.isEmpty else { break }
        }
        for index in world.replicas.indices { world.replicas[index].awayUntil = 0 }
        try expectPeace(&world, "seed \(seed)")
    }
}
