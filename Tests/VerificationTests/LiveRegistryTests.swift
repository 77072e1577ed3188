import LocalRegistry
import OCI
import OpenSSL
import Registry
import Sigstore
import Testing

@testable import Verification

/// The whole way to a registry and back, over the wire.
@Suite struct LiveRegistryTests {
    /// Registries with the referrers API, without it in each way that is known, and with the artifact-type trap.
    static let registries: [Behaviour] = [
        Behaviour(), Behaviour(hidesArtifactTypes: true), Behaviour(referrersPageSize: 1),
        Behaviour(referrers: .absent(status: 404)), Behaviour(referrers: .absent(status: 400)),
        Behaviour(referrers: .absent(status: 406)), Behaviour(referrers: .notAnIndex),
    ]

    @Test(arguments: registries)
    func bothGenerationsUnderOneRequirement(_ behaviour: Behaviour) async throws {
        let world = try LiveWorld(behaviour)
        let images = (0..<4).map { world.registry.pushImage(to: world.repository, tag: "v\($0)") }
        try world.alice.signAsCosign2(images[0], in: world.repository, of: world.registry)
        try world.alice.signAsCosign3(images[1], in: world.repository, of: world.registry)
        try world.alice.signAsCosign2Referrer(images[2], in: world.repository, of: world.registry)
        for (number, image) in images.prefix(3).enumerated() {
            let result = try await world.check(":v\(number)")
            #expect(result.pinnable == image, "v\(number): \(String(describing: result.failure))")
        }
        #expect(try await world.check(":v3").failure == .signatureNotFound)
    }

    @Test(arguments: registries)
    func causes(_ behaviour: Behaviour) async throws {
        let world = try LiveWorld(behaviour)
        let (repository, registry) = (world.repository, world.registry)
        let signed = registry.pushImage(to: repository, tag: "signed")
        try world.alice.signAsCosign2(signed, in: repository, of: registry)
        try world.alice.signAsCosign3(signed, in: repository, of: registry)

        let byBob = registry.pushImage(to: repository, tag: "bob")
        try world.bob.signAsCosign2(byBob, in: repository, of: registry)
        try world.bob.signAsCosign3(byBob, in: repository, of: registry)
        #expect(try await world.check(":bob").failure?.label == "signature_mismatch")

        let moved = registry.pushImage(to: repository, tag: "moved")
        registry.copyTaggedSignatures(from: signed, to: moved, in: repository)
        #expect(try await world.check(":moved").failure?.label == "digest_mismatch")

        let movedBundle = registry.pushImage(to: repository, tag: "moved-bundle")
        try registry.copyReferrers(from: signed, to: movedBundle, in: repository)
        #expect(try await world.check(":moved-bundle").failure?.label == "digest_mismatch")

        let attested = registry.pushImage(to: repository, tag: "attested")
        try world.alice.attestAsCosign3(
            attested, predicateType: "https://cosign.sigstore.dev/attestation/vuln/v1", in: repository, of: registry)
        #expect(try await world.check(":attested").failure?.label == "type_mismatch")
        #expect(try await world.check(":signed").pinnable == signed)
    }

    /// An index is signed as the index, and its signature is none of its platforms' images.
    @Test func multiPlatform() async throws {
        let world = try LiveWorld()
        let index = world.registry.pushIndex(to: world.repository, tag: "multi")
        try world.alice.signAsCosign2(index, in: world.repository, of: world.registry)
        #expect(try await world.check(":multi").pinnable == index)
        let stored = try #require(world.registry.manifest("multi", in: world.repository))
        let platform = try #require(try ImageIndex(parsing: stored.bytes).manifests.first)
        #expect(try await world.check("@\(platform.digest)").failure == .signatureNotFound)
    }

    @Test func annotations() async throws {
        let world = try LiveWorld()
        let image = world.registry.pushImage(to: world.repository, tag: "v1")
        var options = SigningOptions()
        options.annotations = ["team": "blue"]
        try world.alice.signAsCosign3(image, in: world.repository, of: world.registry, options)
        for (annotations, isMet) in [(["team": "blue"], true), (["team": "red"], false)] {
            let attestor = Attestor.key(KeyAttestor(key: world.alice.key.publicKey, annotations: annotations))
            let result = await world.verifier.check(
                try world.reference(":v1"), try Requirement(attestorSets: [AttestorSet(entries: [attestor])]),
                pinned: true, deadline: .now + .seconds(30))
            #expect((result.pinnable == image) == isMet)
        }
    }

    // MARK: What went wrong for others

    /// Kyverno CVE-2022-47633: a registry that answers two digests for one tag, in either order.
    @Test(arguments: [true, false], [true, false])
    func aTagThatTakesTurns(goodFirst: Bool, pinned: Bool) async throws {
        let world = try LiveWorld()
        let good = world.registry.pushImage(to: world.repository, tag: "v1")
        let evil = world.registry.pushImage(to: world.repository)
        try world.alice.signAsCosign2(good, in: world.repository, of: world.registry)
        let turns = goodFirst ? [good, evil] : [evil, good]
        world.registry.behaviour.faults = [Fault(.takeTurns(turns), on: [.manifest, .manifestHead], target: "/v1")]
        for _ in 0..<6 {
            let result = try await world.check(":v1", pinned: pinned)
            #expect(result.pinnable == nil || result.pinnable == good)
            #expect((result.pinnable == good) == (result.digest == good))
        }
    }

    /// Kyverno CVE-2023-47630: what a registry says of a digest is nothing, and a lie is an error.
    @Test(arguments: [false, true])
    func aRegistryThatLies(otherContent: Bool) async throws {
        let world = try LiveWorld()
        let image = world.registry.pushImage(to: world.repository, tag: "v1")
        try world.alice.signAsCosign2(image, in: world.repository, of: world.registry)
        world.registry.behaviour.faults = [
            Fault(otherContent ? .otherContent : .wrongDigestHeader, on: [.manifest], target: "/v1")
        ]
        let failure = try await world.check(":v1").failure
        guard case .registry(.digestMismatch) = failure else {
            Issue.record("not a digest mismatch: \(String(describing: failure))")
            return
        }
    }

    /// Kyverno CVE-2023-42813 and cosign CVE-2023-46737: answers without end. Each ends, and says why.
    @Test(arguments: [
        Fault(.endless(statedLength: nil), on: [.blob]), Fault(.endless(statedLength: 5_000_000_000), on: [.blob]),
        Fault(.endless(statedLength: nil), on: [.manifest], target: ".sig"),
        Fault(.endless(statedLength: nil), on: [.referrers]), Fault(.endless(statedLength: nil), on: [.manifest]),
        Fault(.truncate(after: 20), on: [.blob]), Fault(.otherContent, on: [.blob]),
        Fault(.disconnect, on: [.blob]), Fault(.disconnect, on: [.referrers]),
    ])
    func answersThatCannotBeRead(_ fault: Fault) async throws {
        // The form that holds no signature is the one that fails where referrers do.
        let world = try LiveWorld()
        let image = world.registry.pushImage(to: world.repository, tag: "v1")
        if !fault.kinds.contains(.referrers) {
            try world.alice.signAsCosign2(image, in: world.repository, of: world.registry)
        }
        world.registry.behaviour.faults = [fault]
        let failure = try await world.check(":v1").failure
        guard case .registry = failure else {
            Issue.record("not the registry's: \(String(describing: failure))")
            return
        }
        world.registry.behaviour.faults = []
        try world.alice.signAsCosign2(image, in: world.repository, of: world.registry)
        let retry = await world.verifier.check(
            try world.reference("@\(image)"), try world.requirement(), pinned: true, deadline: .now + .seconds(30))
        // What was decided is believed for a moment; what was not is asked again.
        #expect((retry.pinnable == image) == (failure?.isError == true || retry.failure == nil))
    }

    /// cosign CVE-2024-29902 and CVE-2024-29903: hundreds of signatures and attestations.
    @Test func hundredsOfBundles() async throws {
        let world = try LiveWorld()
        let image = world.registry.pushImage(to: world.repository, tag: "v1")
        for number in 0..<100 {
            try world.alice.attestAsCosign3(
                image, predicateType: "https://example.com/\(number)", in: world.repository, of: world.registry)
        }
        #expect(try await world.check(":v1").failure == CandidateBudget.exceeded)
        #expect(world.registry.count(.blob) <= CandidateBudget.maximumCandidates)
    }

    // MARK: Registries in trouble

    @Test(arguments: [(503, ErrorCode.unknown), (403, .denied), (429, .tooManyRequests)])
    func aRegistryThatCannotSay(status: Int, code: ErrorCode) async throws {
        let world = try LiveWorld()
        world.registry.pushImage(to: world.repository, tag: "v1")
        world.registry.behaviour.faults = [Fault(.status(status, code, retryAfter: nil), on: RequestKind.reads)]
        #expect(try await world.check(":v1").failure?.isError == true)
    }

    @Test func aRegistryThatStalls() async throws {
        let world = try LiveWorld(.init(), .init(checkLimit: .milliseconds(400)))
        world.registry.pushImage(to: world.repository, tag: "v1")
        world.registry.behaviour.faults = [Fault(.stall, on: [.manifest], target: "/v1")]
        let result = await world.verifier.check(
            try world.reference(":v1"), try world.requirement(), pinned: true, deadline: .now + .milliseconds(50))
        #expect(result.failure == .timedOut)
        // The flight itself ends at its own limit, with the registry's name.
        let patient = try await world.check(":v1")
        #expect(patient.failure == .registry(.timedOut(host: world.registry.host)))
        #expect(world.verifier.statistics.flights == 0)
    }

    @Test func aRegistryThatIsGone() async throws {
        let world = try LiveWorld()
        world.registry.stop()
        let failure = try await world.check(":v1").failure
        #expect(failure?.isError == true)
        #expect(failure?.description.contains("unreachable") == true)
    }
}
