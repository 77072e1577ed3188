import Foundation
import JSON
import LocalRegistry
import OCI
import OpenSSL
import Testing

@testable import Verification

/// What real cosign attested, served again, each with twins that fail: Tests/Fixtures/attestations/README.md.
@Suite struct CosignAttestationTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/attestations")

    static let generations = ["cosign2", "cosign3"]

    /// Types, and a place in the predicate that says which it is.
    static let types: [(type: String, key: String)] = [
        ("https://cosign.sigstore.dev/attestation/v1", "Data"),
        ("https://cosign.sigstore.dev/attestation/vuln/v1", "scanner"),
        ("https://cyclonedx.org/bom", "bomFormat"),
        ("https://slsa.dev/provenance/v0.2", "builder"),
    ]

    static let vuln = types[1].type

    let world: LiveWorld

    /// As the registry that the fixtures come from: without the referrers API.
    init() throws { world = try LiveWorld(Behaviour(referrers: .absent(status: 404))) }

    // MARK: Serving

    static func bytes(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: root.appending(path: path))) }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// - Parameter edit: what somebody without a key makes of each manifest and blob.
    private func serve(_ generation: String, editing edit: (String) -> String = { $0 }) throws {
        // A blob that was edited has another digest, which then stands in the manifests.
        var replaced: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.root.path + "/\(generation)/blobs") {
            let content = Array(edit(try Self.text("\(generation)/blobs/\(name)")).utf8)
            let original = try Self.bytes("\(generation)/blobs/\(name)")
            let isEdited = content != Array(try Self.text("\(generation)/blobs/\(name)").utf8)
            let stored = isEdited ? content : original
            replaced[#""size":\#(original.count),"digest":"sha256:\#(name)""#] =
                #""size":\#(stored.count),"digest":"\#(Digest(of: stored))""#
            world.registry.put(blob: stored, in: world.repository)
        }
        let folder = "\(generation)/manifests"
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.path + "/" + folder)
        var digests: [String: String] = [:]
        // Manifests before the indexes that list them.
        for name in names.sorted(by: { ($0.hasPrefix("sha256-") ? 1 : 0) < ($1.hasPrefix("sha256-") ? 1 : 0) }) {
            let original = try Self.bytes("\(folder)/\(name)")
            var text = String(decoding: original, as: UTF8.self)
            for (old, new) in replaced { text = text.replacing(old, with: new) }
            for (old, new) in digests { text = text.replacing(old, with: new) }
            let edited = Array(edit(text).utf8)
            let type = try Document(edited).root["mediaType"]?.string ?? MediaType.ociManifest
            let isTag = name.hasPrefix("sha256-")
            world.registry.put(manifest: edited, mediaType: type, in: world.repository, tag: isTag ? name : nil)
            if !isTag {
                digests[#""size":\#(original.count),"digest":"sha256:\#(name)""#] =
                    #""size":\#(edited.count),"digest":"\#(Digest(of: edited))""#
            }
        }
    }

    private func image(_ generation: String, _ name: String) throws -> Digest {
        try Digest(parsing: Self.text("\(generation)/\(name)"))
    }

    private func key(_ file: String = "cosign.pub") throws -> Attestor {
        .key(KeyAttestor(key: try PublicKey(pem: Self.text(file))))
    }

    private func check(
        _ image: Digest, _ type: String?, by attestor: Attestor? = nil
    ) async throws -> CheckResult {
        let set = try AttestorSet(entries: [attestor ?? key()])
        let requirement = try Requirement(
            attestorSets: type == nil ? [set] : [],
            attestations: type.map { [try AttestationRequirement(predicateType: $0, attestorSets: [set])] } ?? [])
        return await world.verifier.check(
            try world.reference("@\(image)"), requirement, pinned: true, deadline: .now + .seconds(30))
    }

    // MARK: What cosign made

    @Test(arguments: generations, types) func attested(
        generation: String, type: (type: String, key: String)
    ) async throws {
        try serve(generation)
        let image = try image(generation, "attested")
        let result = try await check(image, type.type)
        #expect(result.pinnable == image)
        let found = try #require(try result.outcome.get().verified?.attestations.first)
        #expect(found.statements.count == 1)
        #expect(found.statements.first?.predicate?[type.key] != nil)
    }

    @Test(arguments: generations) func certified(generation: String) async throws {
        try serve(generation)
        let image = try image(generation, "certified")
        let chain = try Certificate.chain(inPEM: Self.text("chain.crt"))
        let leaf = try Certificate(pem: Self.text("leaf.crt"))
        for (certificate, chain) in [(leaf, []), (leaf, chain), (nil, chain)] {
            let attestor = Attestor.certificate(try CertificateAttestor(certificate: certificate, chain: chain))
            #expect(try await check(image, Self.vuln, by: attestor).pinnable == image)
            #expect(try await check(image, nil, by: attestor).pinnable == image)
        }
        // Under another authority it is nothing.
        let strangers = Attestor.certificate(
            try CertificateAttestor(certificate: nil, chain: CertificateTests.certificates(["root"])))
        #expect(try await check(image, Self.vuln, by: strangers).failure?.label == "certificate_untrusted")
        #expect(try await check(image, nil, by: strangers).failure?.label == "certificate_untrusted")
    }

    // MARK: Twins

    @Test(arguments: generations) func anotherType(generation: String) async throws {
        try serve(generation)
        let failure = try await check(image(generation, "other"), "https://spdx.dev/Document", by: key("other.pub"))
        #expect(failure.failure?.label == "predicate_type_mismatch")
    }

    @Test(arguments: generations) func anotherKey(generation: String) async throws {
        try serve(generation)
        #expect(try await check(image(generation, "other"), Self.vuln).failure?.label == "signature_mismatch")
        #expect(
            try await check(image(generation, "attested"), Self.vuln, by: key("other.pub")).failure?.label
                == "signature_mismatch")
    }

    @Test(arguments: generations, types) func anotherSubject(
        generation: String, type: (type: String, key: String)
    ) async throws {
        try serve(generation)
        let (from, to) = (try image(generation, "attested"), world.registry.pushImage(to: world.repository))
        let (suffix, repository) = (generation == "cosign2" ? ".att" : "", world.repository)
        #expect(world.registry.copyTaggedSignatures(from: from, to: to, in: repository, suffix: suffix))
        #expect(try await check(to, type.type).failure?.label == "digest_mismatch")
    }

    @Test(arguments: generations) func anUnsignedStatement(generation: String) async throws {
        try serve(generation) { $0.replacing(/"signatures":\[.*?\]/) { _ in #""signatures":[]"# } }
        #expect(try await check(image(generation, "attested"), Self.vuln).failure?.label == "signature_unusable")
    }

    /// Every annotation says the type that is wanted; what was signed is another.
    @Test(arguments: generations) func anAnnotationThatLies(generation: String) async throws {
        let wanted = "https://spdx.dev/Document"
        try serve(generation) {
            $0.replacing(/redicateType":"[^"]*"/) { _ in #"redicateType":"\#(wanted)""# }
        }
        let result = try await check(image(generation, "attested"), wanted)
        #expect(result.failure?.label == "predicate_type_mismatch")
        // And what was signed is still there.
        #expect(try await check(image(generation, "attested"), Self.vuln).pinnable != nil)
    }
}
