import Foundation
import Testing

@testable import TestSupport

/// A registry behind TLS of an authority that only the operator knows, and behind a password.
@Suite(.needsParts) struct GuardedRegistryTests {
    @Test func theOperatorsAuthorityAndCredentialsOpenIt() async throws {
        let world = try await World.shared()
        let registry = try await DockerRegistry(isGuarded: true)
        let access = try #require(registry.access)
        let folder = try TemporaryFolder("guarded")
        let pusher = Pusher(host: registry.host, curl: Curl(folder: folder), access: access)
        let image = "\(registry.host)/private/app:v1"
        let digest = try await pusher.image("private/app", "v1", label: "private")
        try await pusher.image("private/app", "unsigned", label: "private and unsigned")
        for generation in Cosign.Generation.allCases {
            let cosign = try Cosign(generation, in: folder, access: access)
            try await cosign.sign("\(registry.host)/private/app@\(digest)", with: world.key)
        }

        let secret = Data("\(DockerRegistry.Access.user):\(DockerRegistry.Access.password)".utf8).base64EncodedString()
        let configuration = try folder.write(
            #"{"auths":{"\#(registry.host)":{"auth":"\#(secret)"}}}"#, to: "config.json")
        let policies = ["images.yaml": Policies.legacy("\(registry.host)/private/*", key: world.key.publicPEM)]
        let flags = ["--registry-ca", access.caFile, "--registry-config", configuration]

        let gate = try await Gate.start(policies: policies, flags: flags)
        let admitted = try await gate.review(Review(image))
        #expect(admitted.allowed, "\(admitted)")
        #expect(admitted.patchedImages == ["\(image)@\(digest)"])
        let unsigned = try await gate.review(Review("\(registry.host)/private/app:unsigned"))
        #expect(unfolded(unsigned.message).contains("signature not found"))

        let verified = try await Command.run(
            Parts.countersign, ["verify", image, "--key", world.key.publicPath] + flags, in: folder)
        #expect(verified.status == 0, "\(verified)")

        // Neither of the two alone opens it, and the message says what the matter is.
        let stranger = try await Gate.start(policies: policies, flags: ["--registry-ca", access.caFile])
        let withoutPassword = try await stranger.review(Review(image))
        #expect(!withoutPassword.allowed)
        #expect(!unfolded(withoutPassword.message).contains("signature not found"), "\(withoutPassword)")
        let distrustful = try await Gate.start(policies: policies, flags: ["--registry-config", configuration])
        #expect(try await !distrustful.review(Review(image)).allowed)
    }
}
