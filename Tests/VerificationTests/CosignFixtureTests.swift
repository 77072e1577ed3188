import Foundation
import LocalRegistry
import OCI
import OpenSSL
import Registry
import Testing

@testable import Verification

/// What real cosign pushed, served again: Tests/Fixtures/cosign/README.md.
@Suite struct CosignFixtureTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/cosign")

    static func bytes(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: root.appending(path: path))) }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    let world: LiveWorld

    /// As the registry that the fixtures come from: without the referrers API.
    init() throws { world = try LiveWorld(Behaviour(referrers: .absent(status: 404))) }

    private func put(_ folder: String, tag: String?) throws {
        let manifest = try Self.bytes("\(folder)/manifest.json")
        for layer in try ImageManifest(parsing: manifest).layers {
            world.registry.put(blob: try Self.bytes("\(folder)/\(layer.digest.hex)"), in: world.repository)
        }
        world.registry.put(manifest: manifest, mediaType: MediaType.ociManifest, in: world.repository, tag: tag)
    }

    private func putIndex(_ path: String, for digest: Digest) throws {
        world.registry.put(
            manifest: try Self.bytes(path), mediaType: MediaType.ociIndex, in: world.repository,
            tag: "sha256-\(digest.hex)")
    }

    private func check(_ digest: Digest, key: String = "cosign.pub", annotations: [String: String] = [:]) async throws
        -> CheckResult
    {
        let attestor = Attestor.key(
            KeyAttestor(key: try PublicKey(pem: Self.text(key)), annotations: annotations))
        return await world.verifier.check(
            try world.reference("@\(digest)"), try Requirement(attestorSets: [AttestorSet(entries: [attestor])]),
            pinned: true, deadline: .now + .seconds(30))
    }

    @Test func cosign2Tag() async throws {
        let digest = try Digest(parsing: Self.text("cosign2/tag/digest"))
        try put("cosign2/tag", tag: "sha256-\(digest.hex).sig")
        #expect(try await check(digest).pinnable == digest)
        #expect(try await check(digest, annotations: ["team": "blue", "build": "7"]).pinnable == digest)
        #expect(try await check(digest, annotations: ["team": "red"]).failure?.label == "annotation_mismatch")
        #expect(try await check(digest, key: "ed25519.pub").failure?.label == "signature_mismatch")
    }

    @Test func cosign2Ed25519() async throws {
        let digest = try Digest(parsing: Self.text("cosign2/ed25519/digest"))
        try put("cosign2/ed25519", tag: "sha256-\(digest.hex).sig")
        #expect(try await check(digest, key: "ed25519.pub").pinnable == digest)
    }

    @Test func cosign2Referrers() async throws {
        let digest = try Digest(parsing: Self.text("cosign2/referrers/digest"))
        try put("cosign2/referrers", tag: nil)
        try putIndex("cosign2/referrers/index.json", for: digest)
        #expect(try await check(digest).pinnable == digest)
    }

    /// The fallback index lists the bundle as an empty config, and an attestation by the same key beside it.
    @Test func cosign3() async throws {
        let digest = try Digest(parsing: Self.text("cosign3/signature/digest"))
        try put("cosign3/attestation", tag: nil)
        try putIndex("cosign3/index.json", for: digest)
        #expect(try await check(digest).failure?.label == "type_mismatch")
        try put("cosign3/signature", tag: nil)
        #expect(try await check(digest, annotations: ["team": "blue"]).pinnable == digest)
        #expect(try await check(digest, annotations: ["team": "red"]).failure?.label == "annotation_mismatch")
    }
}
