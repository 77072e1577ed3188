import HTTPClient
import JSON
import LocalRegistry
import OCI
import OpenSSL
import Registry
import Sigstore
import Testing

@testable import Verification

/// Attestations in a real registry: spec/verify-images.md, "Attestations".
@Suite struct AttestationTests {
    static let vuln = "https://cosign.sigstore.dev/attestation/vuln/v1"
    static let sbom = "https://cyclonedx.org/bom"

    enum Form: CaseIterable { case cosign2, cosign3 }

    let world: LiveWorld
    let image: Digest

    init() throws {
        world = try LiveWorld()
        image = world.registry.pushImage(to: world.repository, tag: "v1")
    }

    // MARK: Making

    private func attest(
        _ form: Form, by signer: Signer? = nil, type: String = AttestationTests.vuln, _ predicate: String = "{}",
        _ options: SigningOptions = .init()
    ) throws {
        let signer = signer ?? world.alice
        let predicate = Array(predicate.utf8)
        switch form {
        case .cosign2:
            try signer.attestAsCosign2(
                image, predicateType: type, predicate: predicate, in: world.repository, of: world.registry, options)
        case .cosign3:
            try signer.attestAsCosign3(
                image, predicateType: type, predicate: predicate, in: world.repository, of: world.registry, options)
        }
    }

    private func key(_ signer: Signer, annotations: [String: String] = [:], repository: Repository? = nil) -> Attestor {
        .key(KeyAttestor(key: signer.key.publicKey, annotations: annotations, repository: repository))
    }

    private func wants(
        _ type: String = AttestationTests.vuln, count: Int? = nil, of attestors: [Attestor]? = nil
    ) throws -> AttestationRequirement {
        try AttestationRequirement(
            predicateType: type,
            attestorSets: [AttestorSet(count: count, entries: attestors ?? [key(world.alice)])])
    }

    private func check(
        _ attestations: [AttestationRequirement]? = nil, signedBy signer: Signer? = nil,
        forms: Requirement.Forms = .any
    ) async throws -> CheckResult {
        let sets = try signer.map { [try AttestorSet(entries: [key($0)])] } ?? []
        let requirement = try Requirement(
            attestorSets: sets, attestations: attestations ?? [wants()], forms: forms)
        return await world.verifier.check(
            try world.reference(":v1"), requirement, pinned: true, deadline: .now + .seconds(30))
    }

    private func findings(_ result: CheckResult) throws -> [AttestationFindings] {
        try #require(try result.outcome.get().verified).attestations
    }

    // MARK: One attestation

    @Test(arguments: Form.allCases) func attested(form: Form) async throws {
        try attest(form, #"{"scanner":"x"}"#)
        let result = try await check()
        #expect(result.pinnable == image)
        let found = try findings(result)
        #expect(found.count == 1)
        #expect(found[0].predicateType == Self.vuln)
        #expect(found[0].statements.map { $0.predicate?["scanner"]?.string } == ["x"])
        #expect(found[0].verified == [[0]])
    }

    /// What stands beside an image and what each makes of the check.
    struct Twin: Sendable {
        let name: String
        let failure: String
        let attest: @Sendable (AttestationTests, Form) throws -> Void

        init(_ name: String, _ failure: String, _ attest: @escaping @Sendable (AttestationTests, Form) throws -> Void) {
            (self.name, self.failure, self.attest) = (name, failure, attest)
        }
    }

    static let twins = [
        Twin("nothing", "attestation_not_found") { _, _ in },
        Twin("another type", "predicate_type_mismatch") { try $0.attest($1, type: sbom) },
        Twin("another image", "digest_mismatch") { test, form in
            var options = SigningOptions()
            options.claimedDigest = Digest(of: [1])
            try test.attest(form, "{}", options)
        },
        Twin("another key", "signature_mismatch") { try $0.attest($1, by: $0.world.bob) },
        Twin("a damaged signature", "signature_mismatch") { test, form in
            var options = SigningOptions()
            options.corruptsSignature = true
            try test.attest(form, "{}", options)
        },
        Twin("an annotation that lies about the type", "predicate_type_mismatch") { test, form in
            var options = SigningOptions()
            options.manifestAnnotations = [
                "predicateType": vuln, "dev.sigstore.bundle.predicateType": vuln,
            ]
            try test.attest(form, type: sbom, "{}", options)
        },
        Twin("a signature that says it is of the type", "predicate_type_mismatch") { test, form in
            try test.attest(form, type: "https://sigstore.dev/cosign/sign/v1")
        },
        Twin("another payload type", "type_mismatch") { test, form in
            var options = SigningOptions()
            options.payloadType = "application/json"
            try test.attest(form, "{}", options)
        },
    ]

    @Test(arguments: twins.indices, Form.allCases) func twin(index: Int, form: Form) async throws {
        try Self.twins[index].attest(self, form)
        let result = try await check()
        #expect(result.failure?.label == Self.twins[index].failure, "\(Self.twins[index].name)")
        #expect(result.failure?.isError == false)
    }

    @Test(arguments: Form.allCases) func theAnnotationIsNoReasonToPassOverEither(form: Form) async throws {
        var options = SigningOptions()
        options.manifestAnnotations = ["predicateType": Self.sbom, "dev.sigstore.bundle.predicateType": Self.sbom]
        try attest(form, "{}", options)
        #expect(try await check().pinnable == image)
    }

    @Test func anUnsignedStatementIsNothing() async throws {
        let payload = Base64.encode(Array(#"{"_type":"https://in-toto.io/Statement/v1"}"#.utf8))
        let envelope = Array(
            #"{"payloadType":"application/vnd.in-toto+json","payload":"\#(payload)","signatures":[]}"#.utf8)
        try putLayers([envelope])
        #expect(try await check().failure?.label == "signature_unusable")
    }

    @Test func signaturesAreNoAttestations() async throws {
        try world.alice.signAsCosign2(image, in: world.repository, of: world.registry)
        #expect(try await check().failure == .attestationNotFound(predicateType: Self.vuln))
        try world.alice.signAsCosign3(image, in: world.repository, of: world.registry)
        let again = try LiveVerifier(world)
        let requirement = try Requirement(attestorSets: [], attestations: [wants()])
        let failure = await again.check(try world.reference(":v1"), requirement).failure
        #expect(failure?.label == "predicate_type_mismatch")
    }

    @Test(arguments: Form.allCases) func attestationsAreNoSignatures(form: Form) async throws {
        try attest(form)
        let failure = try await check(signedBy: world.alice).failure
        #expect(failure?.label == (form == .cosign2 ? "signature_not_found" : "type_mismatch"))
        try world.alice.signAsCosign2(image, in: world.repository, of: world.registry)
        let again = try LiveVerifier(world)
        let requirement = try Requirement(
            attestorSets: [AttestorSet(entries: [key(world.alice)])], attestations: [wants()])
        let result = await again.check(try world.reference(":v1"), requirement)
        #expect(result.pinnable == image)
        #expect(try result.outcome.get().verified?.claims?.count == 1)
    }

    @Test func bundlesOnlyLeavesTheTagAlone() async throws {
        try attest(.cosign2)
        #expect(try await check(forms: .bundlesOnly).failure == .attestationNotFound(predicateType: Self.vuln))
    }

    // MARK: Several

    /// An old clean scan does not hide a new one that is not.
    @Test func everyStatementIsFound() async throws {
        for (index, form) in [Form.cosign2, .cosign3, .cosign2, .cosign3].enumerated() {
            try attest(form, #"{"number":\#(index)}"#)
        }
        try attest(.cosign3, type: Self.sbom)
        try attest(.cosign3, by: world.bob, #"{"number":9}"#)
        let found = try findings(await check())[0]
        #expect(Set(found.statements.compactMap { $0.predicate?["number"]?.integer }) == [0, 1, 2, 3])
        #expect(found.isSatisfied { _ in true })
        for bad in 0..<4 {
            #expect(found.isSatisfied { $0.predicate?["number"]?.integer != bad } == false)
        }
    }

    /// The same statement in both forms is one statement.
    @Test func oneStatementTwice() async throws {
        for form in Form.allCases { try attest(form, #"{"number":1}"#) }
        #expect(try findings(await check())[0].statements.count == 1)
    }

    @Test func eachTypeByItsOwnAttestors() async throws {
        try attest(.cosign2, by: world.alice)
        try attest(.cosign3, by: world.bob, type: Self.sbom)
        let both = [try wants(), try wants(Self.sbom, of: [key(world.bob)])]
        #expect(try findings(await check(both)).map(\.predicateType) == [Self.vuln, Self.sbom])
        let swapped = [try wants(Self.vuln, of: [key(world.bob)]), try wants(Self.sbom, of: [key(world.alice)])]
        #expect(try await check(swapped).failure != nil)
    }

    @Test func countsOverAttestors() async throws {
        try attest(.cosign2, by: world.alice)
        let both = [key(world.alice), key(world.bob)]
        #expect(try await check([wants(of: both)]).failure?.label == "signature_mismatch")
        #expect(try await check([wants(count: 1, of: both)]).pinnable == image)
        let nested = Attestor.set(try AttestorSet(count: 1, entries: both))
        let found = try findings(await check([wants(of: [nested, key(world.alice)])]))[0]
        #expect(found.verified == [[0], [], [0]])
        // Who verifies nothing does not count, and whoever does must like all of it.
        #expect(found.isSatisfied { _ in true })
        #expect(found.isSatisfied { _ in false } == false)
    }

    /// With two attestors of which one is enough, the bad statement of one does not spoil the good one of the other.
    @Test func conditionsAreOfEachAttestor() async throws {
        try attest(.cosign2, by: world.alice, #"{"clean":true}"#)
        try attest(.cosign2, by: world.bob, #"{"clean":false}"#)
        let both = [key(world.alice), key(world.bob)]
        func isClean(_ statement: VerifiedStatement) -> Bool { statement.predicate?["clean"]?.boolean == true }
        #expect(try findings(await check([wants(count: 1, of: both)]))[0].isSatisfied(where: isClean))
        #expect(try findings(await check([wants(of: both)]))[0].isSatisfied(where: isClean) == false)
    }

    @Test func whatAConditionThrowsIsThrown() async throws {
        struct Undefined: Error {}
        try attest(.cosign2)
        let found = try findings(await check())[0]
        #expect(throws: Undefined.self) {
            try found.isSatisfied { (_: VerifiedStatement) throws(Undefined) -> Bool in throw Undefined() }
        }
    }

    @Test func annotationsAndRepositoriesOfAttestors() async throws {
        var options = SigningOptions()
        options.repository = "demo/attestations"
        try attest(.cosign2, "{}", options)
        let elsewhere = try Repository(parsing: "\(world.registry.host)/demo/attestations")
        #expect(try await check().failure == .attestationNotFound(predicateType: Self.vuln))
        #expect(try await check([wants(of: [key(world.alice, repository: elsewhere)])]).pinnable == image)
        let annotated = key(world.alice, annotations: ["team": "blue"], repository: elsewhere)
        #expect(try await check([wants(of: [annotated])]).failure?.label == "annotation_mismatch")
    }

    // MARK: What cannot be read

    /// The key signed it and nobody can say what it is: it may be the bad scan.
    @Test(arguments: Form.allCases) func whatTheKeySignedMustBeReadable(form: Form) async throws {
        try attest(form)
        var options = SigningOptions()
        options.payload = Array(#"{"_type":"https://in-toto.io/Statement/v2","predicateType":"x"}"#.utf8)
        try attest(form, "{}", options)
        #expect(try await check().failure?.label == "signature_unusable")
        // Of another key it is nothing.
        try attest(form, by: world.bob)
        #expect(try await check([wants(of: [key(world.bob)])]).pinnable == image)
    }

    /// Layers of attestations with whatever content.
    ///
    /// - Parameter missing: contents that a layer names and that are not there.
    private func putLayers(_ contents: [[UInt8]], missing: [[UInt8]] = []) throws {
        for content in contents { world.registry.put(blob: content, in: world.repository) }
        let layers = (contents + missing).map { content in
            return """
                {"mediaType":"\(AttestationLayer.mediaType)","digest":"\(Digest(of: content))","size":\(content.count)}
                """
        }
        world.registry.put(blob: Array("{}".utf8), in: world.repository)
        let manifest = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"\(MediaType.ociConfig)",\
            "digest":"\(Digest(of: Array("{}".utf8)))","size":2},"layers":[\(layers.joined(separator: ","))]}
            """
        world.registry.put(
            manifest: Array(manifest.utf8), in: world.repository, tag: "sha256-\(image.hex).att")
    }

    /// Kyverno CVE-2023-42813 and its like: more than anybody reads is a failure, even where enough was found.
    @Test func tooMany() async throws {
        try attest(.cosign3)
        try putLayers((0..<70).map { Array("{\"number\":\($0)}".utf8) })
        #expect(try await check().failure?.label == "limit_exceeded")
    }

    @Test func tooMuch() async throws {
        try attest(.cosign3)
        let large = (0..<5).map { [UInt8](repeating: UInt8($0), count: 15 << 20) }
        try putLayers(large)
        #expect(try await check().failure?.label == "limit_exceeded")
    }

    @Test func tooLarge() async throws {
        try attest(.cosign3)
        try putLayers([[UInt8](repeating: 0x20, count: (16 << 20) + 1)])
        #expect(try await check().failure?.label == "registry")
    }

    /// What one place cannot give may be the bad scan.
    @Test func whatCannotBeFetchedCounts() async throws {
        try attest(.cosign3)
        try putLayers([], missing: [Array("gone".utf8)])
        #expect(try await check().failure != nil)
    }

    /// A bundle as large as an SBOM's is read for an attestation, though never for a signature.
    @Test(arguments: Form.allCases) func largeAttestations(form: Form) async throws {
        let text = String(repeating: "x", count: 3 << 20)
        try attest(form, #"{"text":"\#(text)"}"#)
        #expect(try await check().pinnable == image)
    }

    // MARK: Memory

    @Test(arguments: Form.allCases) func statementsAreRemembered(form: Form) async throws {
        try attest(form, #"{"number":1}"#)
        let first = try await check()
        let second = try await check()
        #expect(!first.fromCache)
        #expect(second.fromCache)
        #expect(try findings(second) == findings(first))
        let requirement = try Requirement(attestorSets: [], attestations: [wants()])
        let remembered = world.verifier.remembered(try world.reference(":v1"), requirement, pinned: true)
        #expect(try findings(#require(remembered)) == findings(first))
        #expect(world.verifier.statements.cost > 0)
    }

    @Test func largeStatementsAreNotRemembered() async throws {
        let text = String(repeating: "x", count: 5 << 20)
        try attest(.cosign3, #"{"text":"\#(text)"}"#)
        #expect(try await check().pinnable == image)
        let second = try await check()
        #expect(second.pinnable == image)
        #expect(!second.fromCache)
        #expect(world.verifier.statements.count == 0)
    }

    @Test func failuresAreRememberedBriefly() async throws {
        #expect(try await check().failure == .attestationNotFound(predicateType: Self.vuln))
        try attest(.cosign2)
        let second = try await check()
        #expect(second.fromCache)
        #expect(second.failure == .attestationNotFound(predicateType: Self.vuln))
    }

    // MARK: Sentences

    @Test func sentences() {
        #expect(
            VerificationFailure.attestationNotFound(predicateType: Self.vuln).description
                == "attestation of type \(Self.vuln) not found")
        #expect(
            VerificationFailure.attestation(predicateType: Self.vuln, .signatureMismatch).description
                == "attestation of type \(Self.vuln): signature mismatch")
        #expect(
            VerificationFailure.attestation(predicateType: Self.vuln, .predicateTypeMismatch(found: "\"x\""))
                .description
                == "attestation of type \(Self.vuln) not found; the attestor signed one of type \"x\" for this image")
    }
}

/// A verifier that remembers nothing of what another found.
private struct LiveVerifier {
    private let verifier: ImageVerifier

    init(_ world: LiveWorld) throws {
        verifier = ImageVerifier(
            registry: RegistryClient(http: world.http, configuration: RegistryConfiguration()))
    }

    func check(_ reference: ImageReference, _ requirement: Requirement) async -> CheckResult {
        await verifier.check(reference, requirement, pinned: true, deadline: .now + .seconds(30))
    }
}
