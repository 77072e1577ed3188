import HTTPClient
import LocalRegistry
import OCI
import OpenSSL
import Registry
import Testing

@testable import Verification

/// What a person is told of what lies beside an image.
@Suite struct InspectionTests {
    let registry: LocalRegistry
    let verifier: ImageVerifier
    let key: PrivateKey

    init() throws {
        registry = try LocalRegistry()
        let http = try HTTPClient(HTTPClient.Configuration())
        verifier = ImageVerifier(registry: RegistryClient(http: http, configuration: RegistryConfiguration()))
        key = try PrivateKey.generate()
    }

    private func inspect(_ image: Digest, _ requirement: Requirement) async throws -> Inspection {
        await verifier.inspect(
            image, in: try Repository(parsing: "\(registry.host)/app"), requirement, deadline: .now + .seconds(20))
    }

    private func entry(_ key: PrivateKey, in place: String? = nil) throws -> Attestor {
        .key(
            KeyAttestor(
                key: key.publicKey, repository: try place.map { try Repository(parsing: "\(registry.host)/\($0)") }))
    }

    @Test func everyPieceIsAskedOfEveryAttestor() async throws {
        let other = try PrivateKey.generate()
        let image = registry.pushImage(to: "app")
        try Signer(key: key).signAsCosign2(image, in: "app", of: registry)
        try Signer(key: other).signAsCosign3(image, in: "app", of: registry)
        let set = try AttestorSet(entries: [entry(key), .set(AttestorSet(entries: [entry(other)]))])
        let inspection = try await inspect(image, Requirement(attestorSets: [set]))
        #expect(inspection.places.map(\.name) == ["tag sha256-\(image.hex.prefix(12))….sig", "referrers"])
        #expect(inspection.places.map { $0.pieces.map(\.kind) } == [["signature layer"], ["bundle"]])
        #expect(inspection.places[0].pieces[0].answers.map(\.failure) == [nil, "signature mismatch"])
        #expect(inspection.places[1].pieces[0].answers.map(\.failure) == ["signature mismatch", nil])
    }

    @Test func emptyPlacesAreListed() async throws {
        let image = registry.pushImage(to: "app")
        let requirement = try Requirement(attestorSets: [AttestorSet(entries: [entry(key)])])
        let inspection = try await inspect(image, requirement)
        #expect(inspection.places.map(\.pieces.count) == [0, 0])
        #expect(inspection.places.flatMap(\.problems).isEmpty)
    }

    @Test func entriesLookWhereTheySay() async throws {
        let image = registry.pushImage(to: "app")
        var options = SigningOptions()
        options.repository = "signatures"
        try Signer(key: key).signAsCosign2(image, in: "app", of: registry, options)
        let set = try AttestorSet(entries: [entry(key), entry(key, in: "signatures")])
        let inspection = try await inspect(image, Requirement(attestorSets: [set]))
        #expect(inspection.places.map(\.repository.path) == ["app", "app", "signatures", "signatures"])
        #expect(inspection.places.map(\.pieces.count) == [0, 0, 1, 0])
        #expect(inspection.places[2].pieces[0].answers.map(\.failure) == [nil])
    }

    @Test func attestationsAreLookedForByType() async throws {
        let image = registry.pushImage(to: "app")
        try Signer(key: key).attestAsCosign2(image, predicateType: "https://a", in: "app", of: registry)
        let sets = [try AttestorSet(entries: [entry(key)])]
        let requirement = try Requirement(
            attestorSets: [],
            attestations: ["https://a", "https://b"].map {
                try AttestationRequirement(predicateType: $0, attestorSets: sets)
            })
        let inspection = try await inspect(image, requirement)
        #expect(inspection.places.map(\.purpose) == ["https://a", "https://a", "https://b", "https://b"])
        #expect(inspection.places[0].pieces[0].answers.map(\.failure) == [nil])
        let failure = try #require(inspection.places[2].pieces[0].answers[0].failure)
        #expect(failure.contains("https://a"))
    }

    @Test func whatCannotBeReadIsAProblem() async throws {
        let image = registry.pushImage(to: "app")
        let requirement = try Requirement(attestorSets: [AttestorSet(entries: [entry(key)])])
        registry.stop()
        let inspection = try await inspect(image, requirement)
        #expect(inspection.places.allSatisfy { $0.problems.count == 1 })
    }
}
