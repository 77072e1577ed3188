import Testing

@testable import TestSupport

/// The second call, which sees the final object and is the one that enforces.
@Suite(.needsParts) struct ValidateTests {
    private static let path = "/validate?timeout=10s"

    @Test func aPinnedSignedImagePasses() async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(
            Review("\(world.image("signed2"))@\(world.digests["signed2"] ?? "?")"), to: Self.path)
        #expect(answer.allowed, "\(answer)")
        #expect(answer.patch.isEmpty)
    }

    @Test func anImageWithoutADigestFails() async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(Review(world.image("signed2")), to: Self.path)
        #expect(!answer.allowed)
        #expect(unfolded(answer.message).contains("missing digest for \(world.image("signed2"))"))
    }

    @Test(arguments: ["unsigned", "other2"])
    func aPinnedImageThatWasNotVerifiedFails(tag: String) async throws {
        let world = try await World.shared()
        let answer = try await Gates.tour().review(
            Review("\(world.image(tag))@\(world.digests[tag] ?? "?")"), to: Self.path)
        #expect(!answer.allowed)
        #expect(answer.code == 403)
    }

    @Test(arguments: ["/mutate/fail/finegrained?timeout=10s", "/validate/fail?timeout=5s"])
    func aSubPathIsTheSameDoor(path: String) async throws {
        let world = try await World.shared()
        #expect(try await !Gates.tour().review(Review(world.image("unsigned")), to: path).allowed)
    }
}
