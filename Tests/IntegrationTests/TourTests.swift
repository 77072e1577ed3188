import Foundation
import Testing

@testable import TestSupport

/// The story that the README tells: one legacy policy, one key, and what happens to each image.
@Suite(.needsParts) struct TourTests {
    @Test(arguments: ["signed2", "signed3", "both", "docker", "two-signers", "annotated2", "annotated3"])
    func aSignedImageIsAdmittedAndPinned(tag: String) async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image(tag)))

        // The digest is what the registry's bytes hash to, by a tool that is not ours.
        let manifest = try await world.pusher.fetch(World.repository, tag)
        let digest = try await Command.succeed(
            Parts.openssl, ["dgst", "-sha256", "-r"], in: world.folder, input: manifest.bytes
        ).prefix(64)
        #expect(answer.allowed, "\(answer)")
        #expect(
            answer.patch == [
                .init(op: "replace", path: "/spec/containers/0/image", value: "\(world.image(tag))@sha256:\(digest)")
            ])
    }

    @Test(arguments: [
        ("unsigned", "signature not found"),
        ("empty", "signature not found"),
        ("attested2", "signature not found"),
        ("other2", "signature mismatch"),
        ("other3", "signature mismatch"),
        ("moved2", #"digest mismatch: the signature is over "$signed2", the image is $moved2"#),
        ("moved3", #"digest mismatch: the signature is over "$signed3", the image is $moved3"#),
    ])
    func anythingElseIsDeniedWithItsCause(tag: String, cause: String) async throws {
        let world = try await World.shared()
        var review = Review(world.image(tag))
        review.name = "hackedpod"
        let answer = try await Gates.tour().review(review)
        #expect(!answer.allowed)
        #expect(answer.code == 403)
        #expect(answer.patch.isEmpty)
        let fullCause = world.digests.reduce(cause) { $0.replacing("$" + $1.key, with: $1.value) }
        #expect(
            unfolded(answer.message)
                == denial(
                    "Pod/test/hackedpod", policy: "check-image", rule: "check-image", image: world.image(tag),
                    cause: fullCause))
    }

    /// An attestation by the right key, and a damaged signature, are no signatures; how it is said is less settled.
    @Test(arguments: ["attested3", "garbled"])
    func whatOnlyLooksLikeASignatureIsDenied(tag: String) async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image(tag)))
        #expect(!answer.allowed)
        #expect(answer.code == 403)
        #expect(answer.message.contains(world.image(tag)))
    }

    @Test func anImageThatIsNotThereIsDenied() async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image("never-pushed")))
        #expect(!answer.allowed)
        #expect(answer.message.contains("never-pushed"))
    }

    @Test func anImageThatNoPolicyNamesPassesUnchanged() async throws {
        let answer = try await Gates.tour().review(Review("registry.invalid/some/app:v1"))
        #expect(answer.allowed)
        #expect(answer.patch.isEmpty)
    }

    @Test func theSecondAnswerIsTheFirst() async throws {
        let world = try await World.shared()
        let gate = try await Gates.tour()
        var review = Review(world.image("signed2"))
        let first = try await gate.review(review)
        // A reinvocation brings the object as the first patch left it.
        review.containers = first.patchedImages
        review.uid = UUID().uuidString
        let second = try await gate.review(review)
        #expect(second.allowed)
        #expect(second.patch.isEmpty)
    }

    @Test func aDryRunIsAnsweredLikeAnyOther() async throws {
        let world = try await World.shared()
        var review = Review(world.image("signed2"))
        review.dryRun = true
        let answer = try await Gates.tour().review(review)
        #expect(answer.allowed)
        #expect(answer.patch.count == 1)
    }
}
