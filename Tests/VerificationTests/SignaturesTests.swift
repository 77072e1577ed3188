import LocalRegistry
import OCI
import Sigstore
import Testing

@testable import Verification

/// What `countersign verify` lists: every signature by the key, and no other's.
@Suite struct SignaturesTests {
    private func list(_ tag: String, in world: LiveWorld) async throws -> Result<[Claims], VerificationFailure> {
        let deadline = ContinuousClock.now + .seconds(30)
        let image = try await world.verifier.resolve(try world.reference(tag), pinned: false, deadline: deadline)
        return await world.verifier.signatures(of: image, meeting: try world.requirement(), deadline: deadline)
    }

    @Test func everyOneByTheKeyInEveryForm() async throws {
        let world = try LiveWorld()
        let image = world.registry.pushImage(to: world.repository, tag: "v1")
        var options = SigningOptions()
        for team in ["blue", "red"] {
            options.annotations = ["team": team]
            try world.alice.signAsCosign2(image, in: world.repository, of: world.registry, options)
        }
        try world.alice.signAsCosign3(image, in: world.repository, of: world.registry)
        try world.bob.signAsCosign2(image, in: world.repository, of: world.registry)
        let claims = try await list(":v1", in: world).get()
        #expect(claims.count { $0.form == .simpleSigning } == 2)
        #expect(claims.count { $0.form == .bundle } == 1)
        #expect(claims.allSatisfy { $0.digest == image })
    }

    @Test func sayWhyThereIsNone() async throws {
        let world = try LiveWorld()
        world.registry.pushImage(to: world.repository, tag: "unsigned")
        let byBob = world.registry.pushImage(to: world.repository, tag: "bob")
        try world.bob.signAsCosign2(byBob, in: world.repository, of: world.registry)
        guard case .failure(.signatureNotFound) = try await list(":unsigned", in: world) else {
            Issue.record("an unsigned image has signatures")
            return
        }
        guard case .failure(.signature(.signatureMismatch)) = try await list(":bob", in: world) else {
            Issue.record("another's signature is listed")
            return
        }
    }
}
