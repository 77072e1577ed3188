import LocalRegistry
import Testing

@testable import TestSupport

/// The harness against a registry and cosign alone: if these fail, what the other tests say about the gate is worth
/// nothing.
@Suite(.needsParts) struct HarnessTests {
    @Test func everyPartIsHere() {
        #expect(Parts.missing.isEmpty, "run `make test`, which brings all parts")
    }

    @Test(arguments: Cosign.Generation.allCases)
    func cosignAcceptsWhatItSigned(generation: Cosign.Generation) async throws {
        let world = try await World.shared()
        let cosign = generation == .two ? world.cosign2 : world.cosign3
        let signed = generation == .two ? "signed2" : "signed3"
        let good = try await cosign.verify(world.image(signed), publicPath: world.key.publicPath)
        #expect(good.status == 0, "\(good)")
        #expect(good.output.contains(world.digests[signed] ?? "?"))

        let unsigned = try await cosign.verify(world.image("unsigned"), publicPath: world.key.publicPath)
        #expect(unsigned.status != 0)
        let other = try await cosign.verify(world.image(signed), publicPath: world.otherKey.publicPath)
        #expect(other.status != 0)
    }

    @Test func whatWasMovedLiesWhereASignatureWould() async throws {
        let world = try await World.shared()
        let bySignature = try await world.cosign2.verify(world.image("moved2"), publicPath: world.key.publicPath)
        #expect(bySignature.status != 0)
        #expect(bySignature.errors.contains("claim"), "\(bySignature)")
        let byBundle = try await world.cosign3.verify(world.image("moved3"), publicPath: world.key.publicPath)
        #expect(byBundle.status != 0)
        #expect(!byBundle.errors.contains("no signatures found"), "\(byBundle)")
    }

    /// Our registry is registry enough for cosign: what it wrote there it finds again.
    @Test(arguments: GenerationTests.Place.allCases)
    func cosignAcceptsWhatItSignedInOurRegistry(place: GenerationTests.Place) async throws {
        let world = try await World.shared()
        let registry = try LocalRegistry(behaviour: place.behaviour)
        let pusher = Pusher(host: registry.host, curl: Curl(folder: world.folder))
        for cosign in [world.cosign2, world.cosign3] {
            let digest = try await pusher.image("demo/app", "v\(cosign.generation)", label: "\(cosign.generation)")
            let image = "\(registry.host)/demo/app@\(digest)"
            #expect(try await cosign.verify(image, publicPath: world.key.publicPath).status != 0)
            try await cosign.sign(image, with: world.key)
            let good = try await cosign.verify(image, publicPath: world.key.publicPath)
            #expect(good.status == 0, "cosign \(cosign.generation): \(good)")
        }
    }

    @Test func aCommandThatHangsIsKilled() async throws {
        let folder = try TemporaryFolder("hang")
        await #expect(throws: CommandFailure.self) {
            try await Command.run("/bin/sleep", ["60"], in: folder, limit: .milliseconds(100))
        }
    }
}
