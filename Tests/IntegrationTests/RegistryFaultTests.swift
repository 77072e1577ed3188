import Foundation
import LocalRegistry
import OpenSSL
import Testing

@testable import TestSupport

/// A registry that stalls, lies, cuts off and never ends: nothing gets in, and the gate goes on.
@Suite(.needsParts) struct RegistryFaultTests {
    /// A registry with one signed and one unsigned image, and a gate before it that remembers nothing.
    private struct Scene {
        let registry: LocalRegistry
        let gate: Gate
        let signed: String
        let image: String

        init(flags: [String] = ["--cache-ttl", "0", "--cache-negative-ttl", "0"]) async throws {
            registry = try LocalRegistry()
            let key = try PrivateKey.generate()
            let digest = registry.pushImage(to: "demo/app", tag: "v1")
            try Signer(key: key).signAsCosign2(digest, in: "demo/app", of: registry)
            registry.pushImage(to: "demo/app", tag: "unsigned")
            signed = "\(digest)"
            image = "\(registry.host)/demo/app:v1"
            gate = try await Gate.start(
                policies: [
                    "images.yaml": Policies.legacy("\(registry.host)/demo/app:*", key: key.publicKey.pem)
                ], flags: flags)
        }

        func expectDenied(_ answer: ReviewAnswer) {
            #expect(!answer.allowed, "\(answer)")
            #expect(answer.code == 403)
            #expect(answer.message.contains(image), "\(answer)")
            #expect(!unfolded(answer.message).contains("signature not found"), "that is not what happened: \(answer)")
        }

        func expectGoesOn() async throws {
            registry.behaviour = Behaviour()
            let answer = try await gate.review(Review(image))
            #expect(answer.allowed, "the gate does not go on: \(answer)")
            #expect(answer.patchedImages == ["\(image)@\(signed)"])
        }
    }

    private static let endless = Fault.Effect.endless(statedLength: nil)

    /// What goes wrong, and with which requests.
    private static let faults: [(name: String, fault: Fault)] = [
        ("a digest header that lies", Fault(.wrongDigestHeader, on: [.manifest, .manifestHead])),
        ("other content than asked for", Fault(.otherContent, on: [.blob])),
        ("a manifest cut short", Fault(.truncate(after: 20), on: [.manifest])),
        ("a blob cut short", Fault(.truncate(after: 20), on: [.blob])),
        ("a manifest without an end", Fault(endless, on: [.manifest])),
        ("a blob without an end", Fault(endless, on: [.blob])),
        ("a blob of 5 GB", Fault(.endless(statedLength: 5 << 30), on: [.blob])),
        ("connections that end", Fault(.disconnect, on: [.manifest])),
        ("errors of the registry", Fault(.status(500, .unknown, retryAfter: nil), on: [.blob])),
    ]

    @Test(arguments: faults.indices)
    func aRegistryThatMisbehavesAdmitsNothing(index: Int) async throws {
        let scene = try await Scene()
        scene.registry.behaviour = Behaviour(faults: [Self.faults[index].fault])
        scene.expectDenied(try await scene.gate.review(Review(scene.image)))
        #expect(try scene.gate.residentMemory() < 256 << 20, "\(Self.faults[index].name)")
        try await scene.expectGoesOn()
    }

    /// The answer comes before the API server gives up, and other images do not wait.
    @Test func aRegistryThatStallsIsNotWaitedFor() async throws {
        let scene = try await Scene()
        scene.registry.behaviour = Behaviour(faults: [Fault(.stall, on: [.manifest], target: "/manifests/v1")])
        scene.expectDenied(try await scene.gate.review(Review(scene.image), to: "/mutate?timeout=2s", patience: 2))
        let other = try await scene.gate.review(Review("\(scene.registry.host)/demo/app:unsigned"))
        #expect(unfolded(other.message).contains("signature not found"), "\(other)")
    }

    /// A check that outlives its request ends in memory, where the API server's next try finds it.
    @Test func aLateAnswerIsRemembered() async throws {
        let scene = try await Scene(flags: [])
        // The registry asks to be asked again after three seconds; the first request cannot wait that long.
        scene.registry.behaviour = Behaviour(
            faults: [Fault(.status(503, .unknown, retryAfter: "3"), on: [.blob], times: 1)])
        scene.expectDenied(try await scene.gate.review(Review(scene.image), to: "/mutate?timeout=1s", patience: 1))
        #expect(try await eventually { try await scene.gate.review(Review(scene.image)).allowed })
        #expect(scene.registry.count(.blob) == 2, "the payload was refused once and read once")
    }

    /// Kyverno's CVE-2022-47633: one answer is verified, another is pinned.
    @Test func aTagThatChangesUnderwayPinsNothingUnverified() async throws {
        let scene = try await Scene()
        let unsigned = try #require(scene.registry.manifest("unsigned", in: "demo/app")).digest
        let signed = try #require(scene.registry.manifest("v1", in: "demo/app")).digest
        for order in [[signed, unsigned], [unsigned, signed]] {
            scene.registry.behaviour = Behaviour(
                faults: [Fault(.takeTurns(order), on: [.manifest, .manifestHead], target: "/manifests/v1")])
            for _ in 1...4 {
                let answer = try await scene.gate.review(Review(scene.image))
                if answer.allowed { #expect(answer.patchedImages == ["\(scene.image)@\(scene.signed)"]) }
            }
        }
    }

    /// A request in flight is answered before a gate that was told to end ends.
    @Test func drainingAnswersWhatIsInFlight() async throws {
        let scene = try await Scene()
        scene.registry.behaviour = Behaviour(faults: [Fault(.stall, on: [.manifest])])
        scene.registry.resetCounts()
        async let answer = scene.gate.review(Review(scene.image), to: "/mutate?timeout=4s")
        #expect(try await eventually { scene.registry.count(.manifest) > 0 })
        scene.gate.process.signal(SIGTERM)
        scene.expectDenied(try await answer)
        #expect(await scene.gate.process.end(within: .seconds(10)) == 0, "\(scene.gate.log)")
    }

    /// What is not done by then is cut, and a second listener does not add its own time.
    @Test func drainingEndsWithinTenSeconds() async throws {
        let scene = try await Scene(flags: ["--metrics-listen", "127.0.0.1:0"])
        scene.registry.behaviour = Behaviour(faults: [Fault(.stall, on: [.manifest])])
        scene.registry.resetCounts()
        async let answer = try? scene.gate.review(Review(scene.image), to: "/mutate?timeout=30s")
        #expect(try await eventually { scene.registry.count(.manifest) > 0 })
        scene.gate.process.signal(SIGTERM)
        #expect(await scene.gate.process.end(within: .seconds(10)) == 0, "\(scene.gate.log)")
        #expect(await answer == nil)
    }

    /// A command that has nothing to end in order ends at once.
    @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsAVerification(number: Int32) async throws {
        let registry = try LocalRegistry(behaviour: Behaviour(faults: [Fault(.stall, on: [.manifest])]))
        let world = try await World.shared()
        let folder = try TemporaryFolder("interrupted")
        let verification = try Child(
            Parts.countersign, ["verify", "\(registry.host)/demo/app:v1", "--key", world.key.publicPath], in: folder)
        #expect(try await eventually { registry.count(.manifest) > 0 }, "\(verification.errors)")
        verification.signal(number)
        #expect(await verification.end(within: .seconds(10)) == 128 + number)
    }
}

extension Gate {
    /// Bytes of memory that the process holds.
    func residentMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") || $0.hasPrefix("VmRSS:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }
}
