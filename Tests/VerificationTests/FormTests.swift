import OCI
import Registry
import Sigstore
import Testing

@testable import Verification

/// Where signatures are found, and what is told when none will do.
@Suite struct FormTests {
    let world: World

    init() throws { world = try World() }

    private var good: World.Signing { .init(digest: world.digest) }
    private var moved: World.Signing { .init(digest: Digest(of: [1])) }

    // MARK: Forms

    @Test func cosign2Tag() async throws {
        try world.signTag(world.alice)
        let result = await world.check(try world.requires(world.alice))
        #expect(result.pinnable == world.digest)
        #expect(!result.fromCache)
        let verified = try #require(try result.outcome.get().verified)
        #expect(verified.claims?.map(\.form) == [.simpleSigning])
        #expect(verified.reference == world.image)
    }

    @Test func cosign2Referring() async throws {
        try world.signReferring([(world.alice, good)])
        #expect(await world.check(try world.requires(world.alice)).pinnable == world.digest)
    }

    /// The index is a hint: whatever it calls the manifest, the manifest is read.
    @Test(arguments: [
        MediaType.ociEmpty, World.bundleType, "application/spdx+json", "",
    ])
    func cosign3Bundle(listedAs type: String) async throws {
        try world.signBundle(world.alice, listedAs: type)
        let result = await world.check(try world.requires(world.alice))
        #expect(try result.outcome.get().verified?.claims?.map(\.form) == [.bundle])
    }

    @Test func bundlesOnly() async throws {
        let requirement = try world.requires(world.alice, forms: .bundlesOnly)
        try world.signTag(world.alice)
        try world.signReferring([(world.alice, good)])
        #expect(await world.check(requirement).failure == .signatureNotFound)
        #expect(!world.source.requests.contains(.manifest("example.com/app:sha256-\(world.digest.hex).sig")))

        let other = try World()
        try other.signBundle(other.alice)
        let result = await other.check(try other.requires(other.alice, forms: .bundlesOnly))
        #expect(result.pinnable == other.digest)
    }

    @Test func otherReferrersAreNoSignatures() async throws {
        world.refer(World.manifest(artifactType: "application/spdx+json", layers: ""))
        world.refer(Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8))
        world.refer(Array(#"{"schemaVersion":2,"mediaType":"application/x","layers":[],"config":{}}"#.utf8))
        #expect(await world.check(try world.requires(world.alice)).failure == .signatureNotFound)
    }

    @Test func somethingThatIsNoManifest() async throws {
        world.refer(Array("{}".utf8))
        #expect(await world.check(try world.requires(world.alice)).failure?.label == "signature_unusable")
    }

    @Test func aReferrerThatIsGoneIsNoError() async throws {
        let gone = Descriptor(mediaType: MediaType.ociManifest, digest: Digest(of: [9]), size: 10)
        world.source.refer(gone, to: world.digest, in: world.image.repository)
        #expect(await world.check(try world.requires(world.alice)).failure == .signatureNotFound)
        try world.signBundle(world.alice)
        world.time.advance(by: .seconds(11))
        #expect(await world.check(try world.requires(world.alice)).pinnable == world.digest)
    }

    // MARK: Causes

    @Test func nothingThere() async throws {
        let result = await world.check(try world.requires(world.alice))
        #expect(result.failure == .signatureNotFound)
        #expect(result.digest == world.digest)
        #expect(result.failure?.description == "signature not found")
    }

    @Test func anotherKey() async throws {
        try world.signTag(world.bob)
        try world.signBundle(world.bob)
        #expect(await world.check(try world.requires(world.alice)).failure == .signature(.signatureMismatch))
    }

    @Test func movedFromAnotherImage() async throws {
        try world.signTag([(world.alice, moved), (world.bob, good)])
        try world.signBundle(world.bob)
        let failure = await world.check(try world.requires(world.alice)).failure
        #expect(failure?.label == "digest_mismatch")
        #expect(failure?.description.hasPrefix("digest mismatch") == true)
    }

    @Test func movedBundle() async throws {
        try world.signBundle(world.alice, moved)
        #expect(await world.check(try world.requires(world.alice)).failure?.label == "digest_mismatch")
    }

    /// policy-controller CVE-2022-35930: the right key attested something about this image, and did not sign it.
    @Test func attestation() async throws {
        var attestation = good
        attestation.predicateType = "https://cosign.sigstore.dev/attestation/vuln/v1"
        try world.signBundle(world.alice, attestation)
        try world.signBundle(world.alice, moved)
        #expect(await world.check(try world.requires(world.alice)).failure?.label == "type_mismatch")
        try world.signBundle(world.alice)
        world.time.advance(by: .seconds(11))
        #expect(await world.check(try world.requires(world.alice)).pinnable == world.digest)
    }

    /// An entry's annotations must all be in one signature (spec/verify-images.md, "Insecure to copy").
    @Test func annotationsComeFromOneSignature() async throws {
        var blue = good
        blue.annotations = #"{"team":"blue"}"#
        var built = good
        built.annotations = #"{"build":"7"}"#
        try world.signTag([(world.alice, blue), (world.alice, built)])
        let requirement = try world.requires(world.alice, annotations: ["team": "blue", "build": "7"])
        #expect(await world.check(requirement).failure?.label == "annotation_mismatch")

        var both = good
        both.annotations = #"{"team":"blue","build":"7"}"#
        try world.signBundle(world.alice, both)
        world.time.advance(by: .seconds(11))
        #expect(await world.check(requirement).pinnable == world.digest)
    }

    @Test func unusableIsLessThanMismatch() async throws {
        let bundle = Array("{}".utf8)
        world.source.put(blob: bundle)
        world.refer(World.manifest(artifactType: World.bundleType, layers: World.bundleLayer(bundle)))
        #expect(await world.check(try world.requires(world.alice)).failure?.label == "signature_unusable")
        try world.signTag(world.bob)
        world.time.advance(by: .seconds(11))
        #expect(await world.check(try world.requires(world.alice)).failure == .signature(.signatureMismatch))
    }

    @Test func bundleManifestsHaveOneLayer() async throws {
        let bundle = try world.bundle(world.alice, good)
        world.source.put(blob: bundle)
        let layer = World.bundleLayer(bundle)
        world.refer(World.manifest(artifactType: World.bundleType, layers: "\(layer),\(layer)"))
        world.refer(World.manifest(artifactType: World.bundleType, layers: ""))
        #expect(await world.check(try world.requires(world.alice)).failure?.label == "signature_unusable")
    }

    // MARK: Failures

    private var tag: FakeSource.Request { .manifest("example.com/app:sha256-\(world.digest.hex).sig") }
    private let down = RegistryFailure.unreachable(host: "example.com", reason: "it is down")

    @Test func whatCannotBeReadOutranksWhatIsNotFound() async throws {
        world.source.fail(tag, down)
        #expect(await world.check(try world.requires(world.alice)).failure == .registry(down))
        world.source.fail(tag, nil)
        world.source.fail(.referrers(world.digest), down)
        #expect(await world.check(try world.requires(world.alice)).failure == .registry(down))
        try world.signTag(world.bob)
        #expect(await world.check(try world.requires(world.alice)).failure == .registry(down))
    }

    @Test func oneFormIsEnough() async throws {
        world.source.fail(.referrers(world.digest), down)
        try world.signTag(world.alice)
        #expect(await world.check(try world.requires(world.alice)).pinnable == world.digest)

        let other = try World()
        other.source.fail(.manifest("example.com/app:sha256-\(other.digest.hex).sig"), down)
        try other.signBundle(other.alice)
        #expect(await other.check(try other.requires(other.alice)).pinnable == other.digest)
    }

    @Test func aFormThatStallsIsNotWaitedFor() async throws {
        let gate = world.source.gate(.referrers(world.digest))
        try world.signTag(world.alice)
        #expect(await world.check(try world.requires(world.alice)).pinnable == world.digest)
        gate.open()
    }

    /// Where a repository's signatures were is asked first, and the other place only when that did not do.
    @Test func habits() async throws {
        try world.signTag(world.alice)
        _ = await world.check(try world.requires(world.alice))
        var other = world
        other.digest = World.push("two", to: world.source, at: "example.com/app:v2")
        let two = try ImageReference(parsing: "example.com/app:v2")
        try other.signTag(world.alice)
        #expect(await world.check(try world.requires(world.alice), two).pinnable == other.digest)
        #expect(!world.source.requests.contains(.referrers(other.digest)))

        other.digest = World.push("three", to: world.source, at: "example.com/app:v3")
        let three = try ImageReference(parsing: "example.com/app:v3")
        try other.signBundle(world.alice)
        #expect(await world.check(try world.requires(world.alice), three).pinnable == other.digest)
        #expect(world.source.requests.contains(.referrers(other.digest)))

        other.digest = World.push("four", to: world.source, at: "example.com/app:v4")
        let four = try ImageReference(parsing: "example.com/app:v4")
        try other.signBundle(world.alice)
        #expect(await world.check(try world.requires(world.alice), four).pinnable == other.digest)
        let tag = FakeSource.Request.manifest("example.com/app:sha256-\(other.digest.hex).sig")
        #expect(!world.source.requests.contains(tag))
        let bundles = try world.requires(world.alice, forms: .bundlesOnly)
        #expect(await world.check(bundles, two).failure == .signatureNotFound)
    }

    @Test func aPayloadThatCannotBeRead() async throws {
        try world.signTag(world.alice)
        let payload = Digest(of: world.payload(good))
        for failure in [
            RegistryFailure.notFound(what: "blob", code: nil), down, .timedOut(host: "example.com"),
            .digestMismatch(what: "blob", expected: payload, computed: world.digest),
        ] {
            world.source.fail(.content(payload), failure)
            world.time.advance(by: .seconds(11))
            #expect(await world.check(try world.requires(world.alice)).failure == .registry(failure))
        }
    }

    @Test func anImageThatIsNotThere() async throws {
        let reference = try ImageReference(parsing: "example.com/app:v2")
        let result = await world.check(try world.requires(world.alice), reference)
        #expect(result.failure?.label == "image_not_found")
        #expect(result.failure?.isError == false)
        #expect(result.digest == nil)
    }

    // MARK: Bounds

    /// cosign CVE-2024-29902 and CVE-2024-29903: thousands of signatures beside one image.
    @Test func tooManySignatures() async throws {
        let limit = CandidateBudget.maximumCandidates
        try world.signTag(Array(repeating: (world.bob, good), count: limit + 1))
        let failure = await world.check(try world.requires(world.alice)).failure
        #expect(failure == CandidateBudget.exceeded)
        #expect(failure?.isError == false)
        #expect(failure?.description.contains("64") == true)
        #expect(world.source.requests.count <= limit + 3)
    }

    @Test func tooManyReferrers() async throws {
        let limit = CandidateBudget.maximumCandidates
        for number in 0...limit {
            world.refer(World.manifest(artifactType: "application/x.\(number)", layers: ""))
        }
        #expect(await world.check(try world.requires(world.alice)).failure == CandidateBudget.exceeded)
    }

    /// Likely ones are read first, so that an image with many attestations can still be signed.
    @Test func likelyReferrersComeFirst() async throws {
        for number in 0..<200 {
            world.refer(
                World.manifest(artifactType: "application/x.\(number)", layers: ""), listedAs: "application/x.\(number)"
            )
        }
        try world.signBundle(world.alice, listedAs: World.bundleType)
        #expect(await world.check(try world.requires(world.alice)).pinnable == world.digest)
    }

    /// What an operator sets counts, and an error says what can be set.
    @Test(arguments: ["--max-payload-bytes", "--max-bundle-bytes"])
    func theOperatorBoundsWhatIsRead(setting: String) async throws {
        if setting == "--max-payload-bytes" {
            try world.signTag(world.alice)
            world.source.limits.payloadBytes.value = 10
        } else {
            try world.signBundle(world.alice, listedAs: World.bundleType)
            world.source.limits.bundleBytes.value = 10
        }
        let failure = await world.check(try world.requires(world.alice)).failure
        #expect(failure.map(String.init(describing:)) == "a blob is over the limit of 10 (\(setting))")
    }

    @Test func aLargeBundleIsNotEvenFetched() async throws {
        let bundle = [UInt8](repeating: 0x20, count: 100)
        let layer = World.bundleLayer(bundle, size: CandidateBudget.maximumBundleBytes + 1)
        world.refer(World.manifest(artifactType: World.bundleType, layers: layer))
        #expect(await world.check(try world.requires(world.alice)).failure?.label == "signature_unusable")
        #expect(!world.source.requests.contains(.content(Digest(of: bundle))))
    }
}
