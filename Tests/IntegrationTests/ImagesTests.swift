import Testing

@testable import TestSupport

/// References and places in which an image can stand.
@Suite(.needsParts) struct ImagesTests {
    @Test(arguments: ["index2", "index3"])
    func anIndexIsVerifiedAndPinnedAsTheIndex(tag: String) async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image(tag)))
        #expect(answer.allowed, "\(answer)")
        #expect(answer.patchedImages == ["\(world.image(tag))@\(world.digests[tag] ?? "?")"])
    }

    /// The index is signed; a platform's manifest by itself is another digest, which nobody signed.
    @Test func aPlatformOfASignedIndexIsNotSigned() async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image("index2-amd64")))
        #expect(!answer.allowed)
        #expect(unfolded(answer.message).contains("signature not found"))
    }

    @Test(arguments: [("signed2", true), ("signed3", true), ("unsigned", false), ("other2", false)])
    func aDigestAloneIsHeldToThePolicyForItsTags(tag: String, isAllowed: Bool) async throws {
        let world = try await World.shared()
        let image = "\(world.registry.host)/\(World.repository)@\(world.digests[tag] ?? "?")"
        let answer = try await Gates.tour().review(Review(image))
        #expect(answer.allowed == isAllowed, "\(answer)")
        #expect(answer.patch.isEmpty)
    }

    /// With a tag and a digest the digest decides, wherever the tag points.
    @Test(arguments: [("signed2", "signed2", true), ("unsigned", "signed2", true), ("signed2", "unsigned", false)])
    func theDigestBesideATagDecides(tag: String, digestOf: String, isAllowed: Bool) async throws {
        let world = try await World.shared()
        let image = "\(world.image(tag))@\(world.digests[digestOf] ?? "?")"
        let answer = try await Gates.tour().review(Review(image))
        #expect(answer.allowed == isAllowed, "\(answer)")
        #expect(answer.patch.isEmpty)
    }

    @Test func oneBadImageAmongSeveralIsNamed() async throws {
        let world = try await World.shared()
        var review = Review(world.image("signed2"), world.image("unsigned"), world.image("signed3"))
        review.initContainers = [world.image("both")]
        let answer = try await Gates.tour().review(review)
        #expect(!answer.allowed)
        #expect(answer.patch.isEmpty)
        let message = unfolded(answer.message)
        #expect(message.contains("check-image:\n"))
        #expect(message.contains(world.image("unsigned") + ": signature not found"))
        for tag in ["signed2", "signed3", "both"] { #expect(!message.contains(world.image(tag))) }
    }

    @Test func everyBadImageIsNamed() async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image("unsigned"), world.image("other3")))
        let message = unfolded(answer.message)
        #expect(message.contains(world.image("unsigned") + ": signature not found"))
        #expect(message.contains(world.image("other3") + ": signature mismatch"))
    }

    @Test func severalGoodImagesAreEachPinnedInPlace() async throws {
        let world = try await World.shared()
        var review = Review(world.image("signed2"), world.image("signed3"), world.image("signed2"))
        review.initContainers = [world.image("both")]
        let answer = try await Gates.tour().review(review)
        #expect(answer.allowed, "\(answer)")
        let written = Dictionary(answer.patch.map { ($0.path, $0.value ?? "") }) { first, _ in first }
        func pinned(_ tag: String) -> String { "\(world.image(tag))@\(world.digests[tag] ?? "?")" }
        #expect(
            written == [
                "/spec/containers/0/image": pinned("signed2"), "/spec/containers/1/image": pinned("signed3"),
                "/spec/containers/2/image": pinned("signed2"), "/spec/initContainers/0/image": pinned("both"),
            ])
    }

    @Test func anUnsignedInitContainerIsDenied() async throws {
        let world = try await World.shared()
        var review = Review(world.image("signed2"))
        review.initContainers = [world.image("unsigned")]
        #expect(try await !Gates.tour().review(review).allowed)
    }

    @Test(arguments: [("signed2", true), ("unsigned", false)])
    func anEphemeralContainerIsChecked(tag: String, isAllowed: Bool) async throws {
        let world = try await World.shared()
        let pinned = "\(world.image("signed2"))@\(world.digests["signed2"] ?? "?")"
        var review = Review(pinned, template: .podEphemeralUpdate)
        review.oldContainers = [pinned]
        review.ephemeralContainers = [world.image(tag)]
        let answer = try await Gates.tour().review(review)
        #expect(answer.allowed == isAllowed, "\(answer)")
        if isAllowed { #expect(answer.patch.map(\.path) == ["/spec/ephemeralContainers/0/image"]) }
    }

    @Test func anUpdateChecksUnchangedImagesToo() async throws {
        let world = try await World.shared()
        var review = Review(world.image("unsigned"), template: .podUpdate)
        review.oldContainers = [world.image("unsigned")]
        #expect(try await !Gates.tour().review(review).allowed)
    }

    @Test func aDeletionIsNeverHeldUp() async throws {
        let world = try await World.shared()
        var review = Review(template: .podDelete)
        review.containers = [world.image("unsigned")]
        let answer = try await Gates.tour().review(review)
        #expect(answer.allowed)
        #expect(answer.patch.isEmpty)
    }

    @Test(arguments: [
        (
            Review.Template.deploymentCreate, "Deployment", "autogen-check-image",
            "/spec/template/spec/containers/0/image"
        ),
        (
            Review.Template.cronJobCreate, "CronJob", "autogen-cronjob-check-image",
            "/spec/jobTemplate/spec/template/spec/containers/0/image"
        ),
    ])
    func aPodTemplateIsCheckedByAutogen(
        template: Review.Template, kind: String, rule: String, path: String
    ) async throws {
        let world = try await World.shared()
        let gate = try await Gates.tour()
        let good = try await gate.review(Review(world.image("signed2"), template: template))
        #expect(good.allowed, "\(good)")
        #expect(good.patch.map(\.path) == [path])

        let bad = try await gate.review(Review(world.image("unsigned"), template: template))
        #expect(!bad.allowed)
        #expect(
            unfolded(bad.message)
                == denial(
                    "\(kind)/test/web", policy: "check-image", rule: rule, image: world.image("unsigned"),
                    cause: "signature not found"))
    }

    /// A string that is no reference is an error for that image, never a reason to look at no image.
    @Test func aReferenceThatDoesNotParseIsDenied() async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image("signed2"), "127.0.0.1:1/UPPER CASE:x"))
        #expect(!answer.allowed)
        #expect(answer.message.contains("UPPER CASE"))
    }
}
