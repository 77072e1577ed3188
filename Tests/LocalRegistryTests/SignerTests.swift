import HTTPClient
import JSON
import LocalRegistry
import OCI
import OpenSSL
import Sigstore
import Testing

@Suite struct SignerTests {
    let registry: LocalRegistry
    let image: Digest
    let key: PrivateKey
    let signer: Signer

    init() throws {
        registry = try LocalRegistry()
        image = registry.pushImage(to: "demo/app", tag: "v1")
        key = try PrivateKey.generate()
        signer = Signer(key: key)
    }

    private func manifest(_ reference: String, in repository: String = "demo/app") throws -> ImageManifest {
        let stored = try #require(registry.manifest(reference, in: repository))
        return try ImageManifest(parsing: stored.bytes, contentType: stored.mediaType)
    }

    private func layers(_ reference: String) throws -> [SignatureLayer] {
        try manifest(reference).layers.map { descriptor in
            let payload = try #require(registry.blob(descriptor.digest, in: "demo/app"))
            return try SignatureLayer(descriptor: descriptor, payload: payload)
        }
    }

    private func bundle(_ reference: Digest) throws -> Bundle {
        let layer = try #require(try manifest(reference.description).layers.first)
        return try Bundle(parsing: try #require(registry.blob(layer.digest, in: "demo/app")))
    }

    // MARK: What cosign writes

    /// The text of a JSON value with everything that differs between two signatures blotted out.
    private static func shape(_ bytes: [UInt8]) throws -> String {
        func shape(_ value: Value, _ key: String) -> String {
            switch value.kind {
            case .object:
                "{" + value.members.map { "\($0.key):\(shape($0.value, $0.key))" }.joined(separator: ",") + "}"
            case .array: "[" + value.elements.map { shape($0, key) }.joined(separator: ",") + "]"
            case .string:
                [
                    "digest", "docker-manifest-digest", "docker-reference", "hint", "payload", "sig", "sha256",
                    "dev.cosignproject.cosign/signature", "org.opencontainers.image.created", "diff_ids",
                ].contains(key) ? "…" : value.description
            case .number: key == "size" ? "…" : value.description
            default: value.description
            }
        }
        return shape(try Document(bytes).root, "")
    }

    private func expectShape(_ fixture: String, _ stored: [UInt8]?) throws {
        let expected = try Self.shape(try Fixture.bytes("cosign/\(fixture)"))
        #expect(try Self.shape(try #require(stored)) == expected)
    }

    @Test func writesWhatCosign2Writes() throws {
        try signer.signAsCosign2(image, in: "demo/app", of: registry)
        var options = SigningOptions()
        options.annotations = ["team": "blue", "build": "7"]
        try signer.signAsCosign2(image, in: "demo/app", of: registry, options)
        let tag = Signer.tag(image, suffix: ".sig")
        try expectShape("cosign2/tag/manifest.json", registry.manifest(tag, in: "demo/app")?.bytes)
        let manifest = try manifest(tag)
        #expect(manifest.config.size == 342)
        let folder = "cosign2/tag"
        let names = [
            "220e72bfb424153bb5071352726b549c9d585223d2936b5b3dbbc15e885a8e73",
            "457eb07d4aba5da52e78895f926c2ce7c7e337f43b43905f9f6515cdf110fd18",
        ]
        for (name, layer) in zip(names, manifest.layers) {
            try expectShape("\(folder)/\(name)", registry.blob(layer.digest, in: "demo/app"))
        }
    }

    @Test func writesWhatCosign2WritesByReferrers() throws {
        registry.behaviour.referrers = .absent(status: 404)
        let digest = try signer.signAsCosign2Referrer(image, in: "demo/app", of: registry)
        try expectShape("cosign2/referrers/manifest.json", registry.manifest(digest.description, in: "demo/app")?.bytes)
        try expectShape("cosign2/referrers/index.json", registry.manifest(Signer.tag(image), in: "demo/app")?.bytes)
        #expect(try manifest(digest.description).config.size == 233)
    }

    @Test func writesWhatCosign3Writes() throws {
        registry.behaviour.referrers = .absent(status: 404)
        var options = SigningOptions()
        options.annotations = ["team": "blue"]
        let signature = try signer.signAsCosign3(image, in: "demo/app", of: registry, options)
        let predicate = bytes(#"{"scanner":{}}"#)
        let type = "https://cosign.sigstore.dev/attestation/vuln/v1"
        let attestation = try signer.attestAsCosign3(
            image, predicateType: type, predicate: predicate, in: "demo/app", of: registry)
        try expectShape(
            "cosign3/signature/manifest.json", registry.manifest(signature.description, in: "demo/app")?.bytes)
        try expectShape(
            "cosign3/attestation/manifest.json", registry.manifest(attestation.description, in: "demo/app")?.bytes)
        try expectShape("cosign3/index.json", registry.manifest(Signer.tag(image), in: "demo/app")?.bytes)
        let layer = try #require(try manifest(signature.description).layers.first)
        let fixture = "88bc359d95a2c77e44ee18cbc29f0aefddc9bac7d99a01b23a969a3433a0f5be"
        try expectShape("cosign3/signature/\(fixture)", registry.blob(layer.digest, in: "demo/app"))
    }

    @Test func keepsNoFallbackIndexWhereReferrersAreListed() throws {
        let digest = try signer.signAsCosign3(image, in: "demo/app", of: registry)
        #expect(registry.manifest(Signer.tag(image), in: "demo/app") == nil)
        let listed = registry.referrers(of: image, in: "demo/app")
        #expect(listed.map(\.digest) == [digest])
        #expect(listed.map(\.artifactType) == [Signer.bundleType])
    }

    // MARK: What verifies

    @Test(arguments: [
        (PrivateKey.Kind.ecdsaP256, HashAlgorithm.sha256), (.ecdsaP384, .sha256), (.ecdsaP384, .sha384),
        (.ecdsaP521, .sha512), (.rsa(bits: 2048), .sha256), (.ed25519, .sha256),
    ])
    func signsWithEveryKindOfKey(kind: PrivateKey.Kind, hash: HashAlgorithm) throws {
        let key = try PrivateKey.generate(kind)
        let signer = Signer(key: key, hash: hash)
        var options = SigningOptions()
        options.annotations = ["team": "blue"]
        try signer.signAsCosign2(image, in: "demo/app", of: registry, options)
        let layer = try #require(try layers(Signer.tag(image, suffix: ".sig")).first)
        let claims = try SimpleSigning.verify(
            layer, for: image, with: key.publicKey, hash: hash, annotations: ["team": "blue"])
        #expect(claims.dockerReference == "\(registry.host)/demo/app")

        let digest = try signer.signAsCosign3(image, in: "demo/app", of: registry, options)
        _ = try bundle(digest).verifySignature(
            of: image, with: key.publicKey, hash: hash, annotations: ["team": "blue"])
    }

    @Test func keepsSignaturesElsewhere() throws {
        var options = SigningOptions()
        options.repository = "signatures"
        try signer.signAsCosign2(image, in: "demo/app", of: registry, options)
        #expect(registry.manifest(Signer.tag(image, suffix: ".sig"), in: "demo/app") == nil)
        let manifest = try manifest(Signer.tag(image, suffix: ".sig"), in: "signatures")
        #expect(registry.blob(manifest.layers[0].digest, in: "signatures") != nil)
        let bundle = try signer.signAsCosign3(image, in: "demo/app", of: registry, options)
        #expect(registry.manifest(bundle.description, in: "signatures") != nil)
    }

    @Test func attestsAsCosign2() throws {
        try signer.attestAsCosign2(image, predicateType: "https://example/p", in: "demo/app", of: registry)
        let manifest = try manifest(Signer.tag(image, suffix: ".att"))
        let layer = try #require(manifest.layers.first)
        #expect(layer.mediaType == "application/vnd.dsse.envelope.v1+json")
        #expect(layer.annotations["predicateType"] == "https://example/p")
        let envelope = try DSSEEnvelope(parsing: try #require(registry.blob(layer.digest, in: "demo/app")))
        let statement = try Document(envelope.payload).root
        #expect(statement["predicateType"]?.string == "https://example/p")
        #expect(statement["subject"]?[0]?["digest"]?["sha256"]?.string == image.hex)
    }

    @Test func needsAnImage() throws {
        let absent = Digest(of: bytes("absent"))
        #expect(throws: SigningFailure.unknownImage(absent, repository: "demo/app")) {
            try signer.signAsCosign3(absent, in: "demo/app", of: registry)
        }
        registry.put(manifest: bytes("[]"), in: "demo/app", tag: Signer.tag(image, suffix: ".sig"))
        #expect(throws: SigningFailure.self) { try signer.signAsCosign2(image, in: "demo/app", of: registry) }
    }

    // MARK: What must not

    @Test func signsWrongly() throws {
        let other = registry.pushImage(to: "demo/app")
        let cases: [(String, (inout SigningOptions) -> Void)] = [
            ("another image", { $0.claimedDigest = other }),
            ("a broken signature", { $0.corruptsSignature = true }),
            ("another payload type", { $0.payloadType = "text/plain" }),
            ("another statement type", { $0.statementType = "https://in-toto.io/Statement/v9" }),
            ("another predicate", { $0.predicateType = "https://cosign.sigstore.dev/attestation/vuln/v1" }),
            ("two signatures", { $0.otherKeys = [key] }),
            ("a message signature", { $0.content = .messageSignature }),
            ("an old bundle", { $0.bundleType = "application/vnd.dev.sigstore.bundle+json;version=0.1" }),
            ("another payload", { $0.payload = bytes("{}") }),
        ]
        for (name, change) in cases {
            var options = SigningOptions()
            change(&options)
            let digest = try signer.signAsCosign3(image, in: "demo/app", of: registry, options)
            #expect(throws: SignatureFailure.self, "\(name)") {
                try bundle(digest).verifySignature(of: image, with: key.publicKey, hash: nil, annotations: [:])
            }
        }
        let harmless = try signer.signAsCosign3(image, in: "demo/app", of: registry) { $0.keyHint = "other" }
        _ = try bundle(harmless).verifySignature(of: image, with: key.publicKey, hash: nil, annotations: [:])
    }

    @Test func signsWronglyInTags() throws {
        let other = registry.pushImage(to: "demo/app")
        var options = [SigningOptions](repeating: SigningOptions(), count: 4)
        options[0].claimedDigest = other
        options[1].corruptsSignature = true
        options[2].claimType = "something else"
        options[3].optional = bytes(#"{"team":1}"#)
        for options in options { try signer.signAsCosign2(image, in: "demo/app", of: registry, options) }
        let layers = try layers(Signer.tag(image, suffix: ".sig"))
        #expect(layers.count == 4)
        for layer in layers {
            #expect(throws: SignatureFailure.self) {
                try SimpleSigning.verify(
                    layer, for: image, with: key.publicKey, hash: nil, annotations: ["team": "1"])
            }
        }
    }

    @Test(arguments: [true, false])
    func movesSignatures(listsReferrers: Bool) throws {
        if !listsReferrers { registry.behaviour.referrers = .absent(status: 404) }
        let target = registry.pushImage(to: "demo/app")
        #expect(!registry.copyTaggedSignatures(from: image, to: target, in: "demo/app"))
        try signer.signAsCosign2(image, in: "demo/app", of: registry)
        try signer.signAsCosign3(image, in: "demo/app", of: registry)
        #expect(registry.copyTaggedSignatures(from: image, to: target, in: "demo/app"))
        #expect(try registry.copyReferrers(from: image, to: target, in: "demo/app") == 1)

        let layer = try #require(try layers(Signer.tag(target, suffix: ".sig")).first)
        #expect(throws: SignatureFailure.self) {
            try SimpleSigning.verify(layer, for: target, with: key.publicKey, hash: nil, annotations: [:])
        }
        let moved = try #require(registry.referrers(of: target, in: "demo/app").first)
        #expect(throws: SignatureFailure.self) {
            try bundle(moved.digest).verifySignature(of: target, with: key.publicKey, hash: nil, annotations: [:])
        }
        #expect((registry.manifest(Signer.tag(target), in: "demo/app") == nil) == listsReferrers)
    }
}

extension Signer {
    fileprivate func signAsCosign3(
        _ image: Digest, in repository: String, of registry: LocalRegistry, _ change: (inout SigningOptions) -> Void
    ) throws(SigningFailure) -> Digest {
        var options = SigningOptions()
        change(&options)
        return try signAsCosign3(image, in: repository, of: registry, options)
    }
}
