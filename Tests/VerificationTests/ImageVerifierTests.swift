import OCI
import OpenSSL
import Registry
import Sigstore
import Testing

@testable import Verification

/// Resolution, memory, flights and deadlines.
@Suite struct ImageVerifierTests {
    let world: World

    init() throws { world = try World() }

    private func pinned(_ text: String) throws -> ImageReference { try ImageReference(parsing: text) }

    private let tagRequest = FakeSource.Request.manifest("example.com/app:v1")

    // MARK: Resolution

    /// Kyverno CVE-2022-47633: the tag is asked for once, and what was verified is what is pinned.
    @Test func theTagIsAskedForOnce() async throws {
        try world.signTag(world.alice)
        let gate = world.source.gate(.manifest("example.com/app:sha256-\(world.digest.hex).sig"))
        let requirement = try world.requires(world.alice)
        let world = world
        async let result = world.check(requirement)
        await gate.holds(1)
        World.push("evil", to: world.source, at: "example.com/app:v1")
        gate.open()
        #expect(await result.pinnable == world.digest)
        #expect(world.source.requests.count { $0 == tagRequest } == 1)
    }

    @Test func aWrittenDigestIsTheImage() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        World.push("evil", to: world.source, at: "example.com/app:v1")
        for text in ["example.com/app@\(world.digest)", "example.com/app:v1@\(world.digest)"] {
            let result = await world.check(requirement, try pinned(text))
            #expect(result.pinnable == world.digest)
        }
        #expect(!world.source.requests.contains(tagRequest))
    }

    @Test func severalRequirementsOnOneDigest() async throws {
        try world.signTag([(world.alice, .init(digest: world.digest)), (world.bob, .init(digest: world.digest))])
        let image = try await world.verifier.resolve(world.image, pinned: false, deadline: world.deadline)
        World.push("evil", to: world.source, at: "example.com/app:v1")
        for key in [world.alice, world.bob] {
            let result = await world.verifier.check(image, try world.requires(key), deadline: world.deadline)
            #expect(result.pinnable == world.digest)
        }
        #expect(world.source.requests.count { $0 == tagRequest } == 1)
    }

    /// An image that needs no proof may be pinned, and is no verified image.
    @Test func withoutRequirement() async throws {
        let result = await world.check(nil)
        #expect(result.pinnable == world.digest)
        #expect(try result.outcome.get().verified == nil)
        #expect(world.source.requests == [tagRequest])
        #expect(world.verifier.remembered(world.image, nil, pinned: true)?.pinnable == world.digest)
        #expect(world.verifier.remembered(world.image, nil, pinned: false) == nil)

        let byDigest = try pinned("example.com/app@\(world.digest)")
        #expect(world.verifier.remembered(byDigest, nil, pinned: false)?.pinnable == world.digest)
        let image = try await world.verifier.resolve(byDigest, pinned: false, deadline: world.deadline)
        #expect(await world.verifier.check(image, nil, deadline: world.deadline).pinnable == world.digest)
        #expect(world.source.requests == [tagRequest])
    }

    @Test func aRegistryThatIsDown() async throws {
        let down = RegistryFailure.serverError(host: "example.com", status: 503, code: nil)
        world.source.fail(tagRequest, down)
        for requirement in [nil, try world.requires(world.alice)] {
            let result = await world.check(requirement)
            #expect(result.failure == .registry(down))
            #expect(result.failure?.isError == true)
        }
    }

    // MARK: Memory

    @Test func verdictsAreRemembered() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        #expect(world.verifier.remembered(world.image, requirement, pinned: true) == nil)
        _ = await world.check(requirement)
        let requests = world.source.requests.count
        let remembered = try #require(world.verifier.remembered(world.image, requirement, pinned: true))
        #expect(remembered.pinnable == world.digest)
        #expect(remembered.fromCache)
        #expect(try remembered.outcome.get().verified?.claims == nil)
        #expect(await world.check(requirement).fromCache)
        #expect(world.source.requests.count == requests)
        #expect(world.verifier.statistics == .init(hits: 2, misses: 1, entries: 1, flights: 0))
    }

    /// A tag that has moved is another image, whatever was remembered of it.
    @Test func verdictsAreAboutDigests() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        _ = await world.check(requirement)
        World.push("evil", to: world.source, at: "example.com/app:v1")
        #expect(world.verifier.remembered(world.image, requirement, pinned: false) == nil)
        #expect(await world.check(requirement, pinned: false).failure == .signatureNotFound)
        world.time.advance(by: .seconds(10))
        #expect(world.verifier.remembered(world.image, requirement, pinned: true) == nil)
        #expect(await world.check(requirement).failure == .signatureNotFound)
    }

    /// Within its short memory a tag means the digest that was verified, and that is what is pinned.
    @Test func aTagIsRememberedWhereItIsPinned() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        _ = await world.check(requirement)
        World.push("evil", to: world.source, at: "example.com/app:v1")
        #expect(world.verifier.remembered(world.image, requirement, pinned: true)?.pinnable == world.digest)
        let other = try world.requires(world.bob)
        #expect(await world.check(other).digest == world.digest)
        #expect(world.source.requests.count { $0 == tagRequest } == 1)
    }

    @Test func anotherRequirementIsAnotherQuestion() async throws {
        try world.signTag(world.alice)
        _ = await world.check(try world.requires(world.alice))
        #expect(world.verifier.remembered(world.image, try world.requires(world.bob), pinned: true) == nil)
        #expect(await world.check(try world.requires(world.bob)).failure == .signature(.signatureMismatch))
    }

    /// The same bytes in another repository have no signature there.
    @Test func anotherRepositoryIsAnotherQuestion() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        _ = await world.check(requirement)
        let elsewhere = try pinned("example.com/other@\(world.digest)")
        #expect(await world.check(requirement, elsewhere).failure == .signatureNotFound)
    }

    @Test func goodVerdictsLastAnHourAndBadOnesSeconds() async throws {
        let requirement = try world.requires(world.alice)
        let byDigest = try pinned("example.com/app@\(world.digest)")
        _ = await world.check(requirement, byDigest)
        try world.signTag(world.alice)
        #expect(await world.check(requirement, byDigest).failure == .signatureNotFound)
        world.time.advance(by: .seconds(10))
        #expect(await world.check(requirement, byDigest).pinnable == world.digest)
        world.source.fail(.manifest("example.com/app:sha256-\(world.digest.hex).sig"), .timedOut(host: "x"))
        world.time.advance(by: .seconds(3599))
        #expect(await world.check(requirement, byDigest).pinnable == world.digest)
        world.time.advance(by: .seconds(1))
        #expect(await world.check(requirement, byDigest).failure == .registry(.timedOut(host: "x")))
    }

    @Test func errorsAreNotRemembered() async throws {
        let requirement = try world.requires(world.alice)
        let byDigest = try pinned("example.com/app@\(world.digest)")
        world.source.fail(.referrers(world.digest), .timedOut(host: "example.com"))
        #expect(await world.check(requirement, byDigest).failure?.isError == true)
        #expect(world.verifier.remembered(byDigest, requirement, pinned: true) == nil)
        world.source.fail(.referrers(world.digest), nil)
        try world.signBundle(world.alice)
        #expect(await world.check(requirement, byDigest).pinnable == world.digest)
    }

    @Test(arguments: [
        ImageVerifier.Configuration(positiveTTL: .zero), ImageVerifier.Configuration(size: 0),
    ])
    func memoryCanBeOff(_ configuration: ImageVerifier.Configuration) async throws {
        let world = try World(configuration)
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        let byDigest = try pinned("example.com/app@\(world.digest)")
        for _ in 0..<2 {
            let result = await world.check(requirement, byDigest)
            #expect(result.pinnable == world.digest)
            #expect(!result.fromCache)
        }
        #expect(world.verifier.remembered(byDigest, requirement, pinned: true) == nil)
    }

    @Test func memoryOfBadVerdictsAndTagsCanBeOff() async throws {
        let world = try World(.init(negativeTTL: .zero, tagTTL: .zero))
        let requirement = try world.requires(world.alice)
        _ = await world.check(requirement)
        try world.signTag(world.alice)
        #expect(world.verifier.remembered(world.image, nil, pinned: true) == nil)
        #expect(await world.check(requirement).pinnable == world.digest)
    }

    /// Who turns the memory off wants every review to ask the registry, also which digest a tag stands for.
    @Test func withoutMemoryOfVerdictsTagsAreNotRememberedEither() async throws {
        let world = try World(.init(positiveTTL: .zero))
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        for times in 1...2 {
            #expect(await world.check(requirement).pinnable == world.digest)
            #expect(world.source.requests.count { $0 == tagRequest } == times)
        }
    }

    // MARK: Flights

    @Test func checksOfTheSameShareOneFlight() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        let gate = world.source.gate(tagRequest)
        let world = world
        await withTaskGroup(of: Digest?.self) { group in
            for _ in 0..<100 { group.addTask { await world.check(requirement).pinnable } }
            // Everybody waits by now: for the flight, with a timer.
            await world.time.sleepers(100)
            #expect(world.verifier.statistics.flights == 2)
            gate.open()
            for await digest in group { #expect(digest == world.digest) }
        }
        let requests = world.source.requests
        #expect(Set(requests).count == requests.count)
    }

    /// A caller that cannot wait leaves, and the retry finds the verdict.
    @Test func aCheckOutlivesItsDeadline() async throws {
        try world.signTag(world.alice)
        let requirement = try world.requires(world.alice)
        let resolving = world.source.gate(tagRequest)
        let world = world
        async let first = world.check(requirement)
        await resolving.holds(1)
        await world.time.sleepers(1)
        world.time.advance(by: .seconds(10))
        let result = await first
        #expect(result.failure == .timedOut)
        #expect(result.failure?.isError == true)
        #expect(result.duration == .seconds(10))

        // Nobody waits any more. The retry joins the flight, which is still on its way.
        async let retry = world.check(requirement)
        await world.time.sleepers(1)
        resolving.open()
        #expect(await retry.pinnable == world.digest)
        let byDigest = try pinned("example.com/app@\(world.digest)")
        #expect(world.verifier.remembered(byDigest, requirement, pinned: false)?.pinnable == world.digest)
        #expect(world.source.requests.count { $0 == tagRequest } == 1)
    }

    @Test func tooManyFlights() async throws {
        let world = try World(.init(maximumFlights: 1))
        let gate = world.source.gate(tagRequest)
        let requirement = try world.requires(world.alice)
        async let first = world.check(requirement)
        await gate.holds(1)
        let other = try ImageReference(parsing: "example.com/other:v1")
        #expect(await world.check(requirement, other).failure == .overloaded)
        #expect(await world.check(nil, other).failure == .overloaded)
        let byDigest = try ImageReference(parsing: "example.com/other@\(world.digest)")
        #expect(await world.check(requirement, byDigest).failure == .overloaded)
        gate.open()
        _ = await first
    }
}

@Suite struct VerificationFailureTests {
    /// Only what was not decided may be let through by a failure policy.
    @Test func whatWasDecided() {
        let digest = Digest(of: [])
        let decided: [VerificationFailure] = [
            .signatureNotFound, .signature(.signatureMismatch), .limitExceeded(what: "x", limit: 1),
            .registry(.notFound(what: "x", code: nil)), .registry(.malformed(what: "x", reason: "y")),
            .registry(.tooLarge(what: "x", limit: 1, setting: nil)),
            .registry(.digestMismatch(what: "x", expected: digest, computed: digest)),
            .registry(.unsupported(what: "x", reason: "y")), .registry(.refused(what: "x", status: 418, code: nil)),
        ]
        let undecided: [VerificationFailure] = [
            .timedOut, .overloaded, .registry(.denied(what: "x", code: nil)), .registry(.timedOut(host: "x")),
            .registry(.unreachable(host: "x", reason: "y")), .registry(.rateLimited(host: "x", code: nil)),
            .registry(.serverError(host: "x", status: 500, code: nil)), .registry(.cancelled),
            .registry(.credentials(host: "x", reason: "y")),
        ]
        for failure in decided { #expect(!failure.isError, "\(failure)") }
        for failure in undecided { #expect(failure.isError, "\(failure)") }
        for failure in decided + undecided { #expect(!failure.description.isEmpty && !failure.label.isEmpty) }
    }
}
