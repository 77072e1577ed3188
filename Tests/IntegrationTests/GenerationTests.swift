import LocalRegistry
import OCI
import Testing

@testable import TestSupport

/// Both cosign generations under one unchanged policy, on a registry with the referrers API and on those without.
///
/// The registry is ours, the signatures are cosign's own; docker-registry, which has no referrers API either, is what the
/// other tests use.
@Suite(.needsParts) struct GenerationTests {
    /// How a registry answers for referrers, and what cosign leaves in it then.
    enum Place: String, CaseIterable, Sendable {
        case referrersAPI
        /// The API is there, and its entries carry the artifact type of the empty config: the trap.
        case referrersAPIWithoutTypes
        case referrersAPIInPages
        case fallbackTag
        case fallbackTagAfter400

        var behaviour: Behaviour {
            switch self {
            case .referrersAPI: Behaviour()
            case .referrersAPIWithoutTypes: Behaviour(filtersReferrers: false, hidesArtifactTypes: true)
            case .referrersAPIInPages: Behaviour(referrersPageSize: 1)
            case .fallbackTag: Behaviour(referrers: .absent(status: 404))
            case .fallbackTagAfter400: Behaviour(referrers: .absent(status: 400))
            }
        }
    }

    @Test(arguments: Place.allCases)
    func onePolicyAdmitsBothGenerations(place: Place) async throws {
        let world = try await World.shared()
        let registry = try LocalRegistry(behaviour: place.behaviour)
        let pusher = Pusher(host: registry.host, curl: Curl(folder: world.folder))
        var digests: [String: String] = [:]
        for tag in ["two", "three", "unsigned", "other3", "moved3", "attested3"] {
            digests[tag] = try await pusher.image("demo/app", tag, label: tag)
        }
        func reference(_ tag: String) -> String { "\(registry.host)/demo/app@\(digests[tag] ?? "?")" }
        try await world.cosign2.sign(reference("two"), with: world.key)
        // A report comes first, so that the signature is not the first thing that refers to the image.
        try await world.cosign3.attest(reference("three"), with: world.key, type: "vuln", predicate: "{}")
        try await world.cosign3.sign(reference("three"), with: world.key)
        try await world.cosign3.sign(reference("other3"), with: world.otherKey)
        try await world.cosign3.attest(reference("attested3"), with: world.key, type: "vuln", predicate: "{}")
        try Self.moveBundles(in: registry, of: digests["three"] ?? "", to: digests["moved3"] ?? "")
        if case .absent = place.behaviour.referrers {
            try await pusher.moveBundles("demo/app", of: digests["three"] ?? "", to: digests["moved3"] ?? "")
        }

        let gate = try await Gate.start(policies: [
            "images.yaml": Policies.legacy("\(registry.host)/demo/app:*", key: world.key.publicPEM)
        ])
        for tag in ["two", "three"] {
            let image = "\(registry.host)/demo/app:\(tag)"
            let answer = try await gate.review(Review(image))
            #expect(answer.allowed, "\(answer)")
            #expect(answer.patchedImages == ["\(image)@\(digests[tag] ?? "?")"])
        }
        for (tag, cause) in [
            ("unsigned", "signature not found"), ("other3", "signature mismatch"), ("moved3", "digest mismatch"),
        ] {
            let answer = try await gate.review(Review("\(registry.host)/demo/app:\(tag)"))
            #expect(!answer.allowed)
            #expect(unfolded(answer.message).contains(": \(cause)"), "\(tag): \(answer)")
        }
        let attested = try await gate.review(Review("\(registry.host)/demo/app:attested3"))
        #expect(!attested.allowed, "a vulnerability report is no signature: \(attested)")
    }

    /// Makes the bundles of one image refer to another, where the registry itself keeps the referrers.
    private static func moveBundles(in registry: LocalRegistry, of signed: String, to target: String) throws {
        let image = try #require(registry.manifest(target, in: "demo/app"))
        let subject = PushedManifest(bytes: image.bytes, mediaType: image.mediaType)
        for referrer in registry.referrers(of: try Digest(parsing: signed), in: "demo/app") {
            let kept = try #require(registry.manifest("\(referrer.digest)", in: "demo/app"))
            let referring = PushedManifest(bytes: kept.bytes, mediaType: kept.mediaType)
            let moved = try Pusher.replacingSubject(of: referring, with: subject)
            registry.put(manifest: moved.bytes, mediaType: moved.mediaType, in: "demo/app")
        }
    }
}
