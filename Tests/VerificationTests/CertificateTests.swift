import Foundation
import JSON
import LocalRegistry
import OCI
import OpenSSL
import Sigstore
import Testing

@testable import Verification

/// Signatures and attestations by certificates: Tests/Fixtures/certificates/make.sh says what each certificate is.
@Suite struct CertificateTests {
    enum Form: CaseIterable { case cosign2, cosign3, attestation2, attestation3 }

    static let predicateType = "https://cosign.sigstore.dev/attestation/vuln/v1"

    let world: LiveWorld
    let image: Digest
    let signer: Signer

    init() throws {
        world = try LiveWorld()
        image = world.registry.pushImage(to: world.repository, tag: "v1")
        signer = Signer(key: try PrivateKey(pem: Self.pem("leaf.key")))
    }

    static func pem(_ name: String) throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/certificates/\(name)")
        return try String(contentsOf: file, encoding: .utf8)
    }

    static func certificates(_ names: [String]) throws -> [Certificate] {
        try names.map { try Certificate(pem: pem($0 + ".crt")) }
    }

    /// Signs with leaf.key, and lays a certificate beside it.
    private func sign(_ form: Form, _ certificate: String? = "leaf", by other: Signer? = nil) throws {
        let signer = other ?? signer
        var options = SigningOptions()
        if let certificate {
            switch form {
            case .cosign2, .attestation2:
                options.manifestAnnotations = [
                    "dev.sigstore.cosign/certificate": try Self.pem(certificate + ".crt"),
                    "dev.sigstore.cosign/chain": try Self.pem("intermediate.crt"),
                ]
            case .cosign3, .attestation3:
                options.certificate = try Self.certificates([certificate])[0].der
            }
        }
        let (registry, repository) = (world.registry, world.repository)
        switch form {
        case .cosign2: try signer.signAsCosign2(image, in: repository, of: registry, options)
        case .cosign3: try signer.signAsCosign3(image, in: repository, of: registry, options)
        case .attestation2:
            try signer.attestAsCosign2(
                image, predicateType: Self.predicateType, in: repository, of: registry, options)
        case .attestation3:
            try signer.attestAsCosign3(
                image, predicateType: Self.predicateType, in: repository, of: registry, options)
        }
    }

    private func check(_ form: Form, pinned: String? = nil, chain: [String] = []) async throws -> CheckResult {
        let attestor = Attestor.certificate(
            try CertificateAttestor(
                certificate: pinned.map { try Self.certificates([$0])[0] }, chain: Self.certificates(chain)))
        let set = try AttestorSet(entries: [attestor])
        let requirement =
            switch form {
            case .cosign2, .cosign3: try Requirement(attestorSets: [set])
            case .attestation2, .attestation3:
                try Requirement(
                    attestorSets: [],
                    attestations: [AttestationRequirement(predicateType: Self.predicateType, attestorSets: [set])])
            }
        return await world.verifier.check(
            try world.reference(":v1"), requirement, pinned: true, deadline: .now + .seconds(30))
    }

    private static let authorities = ["intermediate", "root"]

    // MARK: Pinned

    @Test(arguments: Form.allCases) func pinned(form: Form) async throws {
        // Whatever comes along does not matter: the certificate is the policy's.
        try sign(form, "foreign")
        #expect(try await check(form, pinned: "leaf").pinnable == image)
        #expect(try await check(form, pinned: "leaf", chain: Self.authorities).pinnable == image)
        // The key of a certificate that is past is the same key.
        #expect(try await check(form, pinned: "expired").failure?.label == "certificate_expired")
        #expect(
            try await check(form, pinned: "expired", chain: Self.authorities).failure?.label == "certificate_expired")
        #expect(try await check(form, pinned: "other").failure?.label == "signature_mismatch")
    }

    @Test func pinnedAgainstAnotherKey() async throws {
        try sign(.cosign2, "leaf", by: world.bob)
        #expect(try await check(.cosign2, pinned: "leaf").failure?.label == "signature_mismatch")
    }

    @Test func whatNothingCouldVerifyWith() throws {
        let leaf = try Self.certificates(["leaf"])[0]
        #expect(throws: RequirementError.noCertificate) { try CertificateAttestor(certificate: nil, chain: []) }
        for chain in [["other"], ["intermediate", "other"], ["root"]] {
            let failure = #expect(throws: RequirementError.self) {
                try CertificateAttestor(certificate: leaf, chain: Self.certificates(chain))
            }
            guard case .unusableCertificate = failure else {
                Issue.record("\(chain): \(String(describing: failure))")
                continue
            }
        }
        // Validity is asked later: a policy outlives certificates.
        _ = try CertificateAttestor(
            certificate: Self.certificates(["expired"])[0], chain: Self.certificates(["intermediate", "root"]))
    }

    // MARK: Issued

    @Test(arguments: Form.allCases) func issued(form: Form) async throws {
        try sign(form)
        #expect(try await check(form, chain: Self.authorities).pinnable == image)
        #expect(try await check(form, chain: ["other"]).failure?.label == "certificate_untrusted")
    }

    /// cosign 2 brings the intermediates; a bundle does not, and the policy has to.
    @Test func intermediatesThatComeAlong() async throws {
        try sign(.cosign2)
        try sign(.attestation3)
        #expect(try await check(.cosign2, chain: ["root"]).pinnable == image)
        #expect(try await check(.attestation3, chain: ["root"]).failure?.label == "certificate_untrusted")
    }

    static let wrong: [(certificate: String?, failure: String)] = [
        (nil, "certificate_untrusted"), ("foreign", "certificate_untrusted"), ("tls", "certificate_untrusted"),
        ("usage", "certificate_untrusted"), ("expired", "certificate_expired"), ("future", "certificate_expired"),
        ("sha1", "certificate_untrusted"), ("critical", "certificate_untrusted"),
    ]

    @Test(arguments: wrong, Form.allCases)
    func issuedAndWrong(wrong: (certificate: String?, failure: String), form: Form) async throws {
        try sign(form, wrong.certificate)
        #expect(try await check(form, chain: Self.authorities).failure?.label == wrong.failure)
    }

    /// A certificate that is trusted, and a signature by somebody else.
    @Test(arguments: Form.allCases) func aCertificateIsNoSignature(form: Form) async throws {
        try sign(form, "leaf", by: world.bob)
        #expect(try await check(form, chain: Self.authorities).failure?.label == "signature_mismatch")
    }

    /// cosign GHSA-fx35-mq7g-6g98: the signer's own key where a certificate belongs.
    @Test func aKeyIsNoCertificate() async throws {
        var options = SigningOptions()
        options.certificate = world.bob.key.publicKey.der
        try world.bob.signAsCosign3(image, in: world.repository, of: world.registry, options)
        #expect(try await check(.cosign3, chain: Self.authorities).failure?.label == "certificate_untrusted")
        #expect(try await check(.cosign3, pinned: "leaf").failure?.label == "signature_mismatch")
        #expect(try await world.check(":v1").failure?.label == "signature_mismatch")
    }

    /// Keys of a policy stay what they are, whatever certificate comes along.
    @Test(arguments: ["expired", "foreign"]) func keysHaveNoCertificates(certificate: String) async throws {
        for form in [Form.cosign2, .cosign3] { try sign(form, certificate, by: world.alice) }
        #expect(try await world.check(":v1").pinnable == image)
    }

    // MARK: Time

    /// A verdict is remembered no longer than the certificate is valid.
    @Test func rememberedWhileValid() async throws {
        let now = ContinuousClock.now
        let leaf = try Self.certificates(["leaf"])[0]
        let time = Timekeeper(
            now: { now }, sleep: { try? await ContinuousClock().sleep(until: $0) }, date: { leaf.notAfter - 5 })
        let verifier = ImageVerifier(source: world.verifier.source, time: time)
        try sign(.cosign2)
        let requirement = try Requirement(attestorSets: [
            AttestorSet(entries: [
                .certificate(CertificateAttestor(certificate: nil, chain: Self.certificates(["root"])))
            ])
        ])
        let reference = try world.reference("@\(image)")
        let result = await verifier.check(reference, requirement, pinned: true, deadline: now + .seconds(30))
        #expect(result.pinnable == image)
        let key = VerdictKey(
            repository: reference.repository, digest: image, requirement: requirement.fingerprint)
        #expect(verifier.verdicts.value(for: key, at: now + .seconds(4)) != nil)
        #expect(verifier.verdicts.value(for: key, at: now + .seconds(6)) == nil)
    }
}
