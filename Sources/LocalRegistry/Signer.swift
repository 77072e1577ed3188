import JSON
import OCI
import OpenSSL

/// Signs images of a ``LocalRegistry`` as cosign 2 and cosign 3 do, byte for byte in shape, or wrongly where asked.
///
/// It shares no code with the verifier: what a test signs here and `Sigstore` accepts was written twice.
/// Sources: spec/signatures.md; `Tests/Fixtures/cosign`, which real cosign made.
public struct Signer: Sendable {
    public static let simpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json"
    public static let envelopeType = "application/vnd.dsse.envelope.v1+json"
    public static let bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"
    public static let signaturePredicateType = "https://sigstore.dev/cosign/sign/v1"
    static let signatureAnnotation = "dev.cosignproject.cosign/signature"
    static let referringConfigType = "application/vnd.dev.cosign.artifact.sig.v1+json"

    public let key: PrivateKey
    public let hash: HashAlgorithm

    /// - Parameter hash: what is signed is hashed with this; Ed25519 hashes by itself.
    public init(key: PrivateKey, hash: HashAlgorithm = .sha256) {
        self.key = key
        self.hash = hash
    }

    /// The tag beside an image: `sha256-<hex>`, with `.sig` or `.att`.
    public static func tag(_ digest: Digest, suffix: String = "") -> String { "sha256-\(digest.hex)\(suffix)" }

    func sign(_ message: [UInt8], with key: PrivateKey, _ options: SigningOptions) throws(SigningFailure) -> [UInt8] {
        do {
            var signature = try key.sign(message, hash: hash)
            if options.corruptsSignature { signature[signature.count - 1] ^= 1 }
            return signature
        } catch {
            throw .key(error)
        }
    }
}

// MARK: - cosign 2

extension Signer {
    /// `cosign 2 sign`: appends a layer to the manifest at the image's `.sig` tag.
    ///
    /// - Returns: the digest of the signature manifest.
    @discardableResult
    public func signAsCosign2(
        _ image: Digest, in repository: String, of registry: LocalRegistry, _ options: SigningOptions = .init()
    ) throws(SigningFailure) -> Digest {
        try append(
            simpleSigningLayer(image, in: repository, of: registry, options), tag: Self.tag(image, suffix: ".sig"),
            in: options.repository ?? repository, of: registry)
    }

    /// `cosign 2 sign --registry-referrers-mode=oci-1-1`: the same layer in a manifest that refers to the image.
    @discardableResult
    public func signAsCosign2Referrer(
        _ image: Digest, in repository: String, of registry: LocalRegistry, _ options: SigningOptions = .init()
    ) throws(SigningFailure) -> Digest {
        let layer = try simpleSigningLayer(image, in: repository, of: registry, options)
        let target = options.repository ?? repository
        let config = Self.config(of: [layer])
        registry.put(blob: config, in: target)
        let manifest = ManifestWriter(
            config: Descriptor(mediaType: Self.referringConfigType, digest: Digest(of: config), size: config.count),
            layers: [layer], subject: try Self.subject(image, in: repository, of: registry))
        return registry.put(referring: manifest, in: target)
    }

    /// `cosign 2 attest`: appends an envelope to the manifest at the image's `.att` tag.
    @discardableResult
    public func attestAsCosign2(
        _ image: Digest, predicateType: String, predicate: [UInt8] = Array("{}".utf8), in repository: String,
        of registry: LocalRegistry, _ options: SigningOptions = .init()
    ) throws(SigningFailure) -> Digest {
        var options = options
        options.predicateType = options.predicateType ?? predicateType
        options.predicate = options.predicate ?? predicate
        let statement = Self.attestation(image, "\(registry.host)/\(repository)", options)
        var writer = Writer()
        try write(envelopeOf: statement, options, keyIDs: true, to: &writer)
        let target = options.repository ?? repository
        registry.put(blob: writer.bytes, in: target)
        let annotations = [Self.signatureAnnotation: "", "predicateType": options.predicateType ?? predicateType]
        let layer = Descriptor(
            mediaType: Self.envelopeType, digest: Digest(of: writer.bytes), size: writer.bytes.count,
            annotations: annotations.merging(options.manifestAnnotations) { _, new in new })
        return try append(layer, tag: Self.tag(image, suffix: ".att"), in: target, of: registry)
    }

    private func simpleSigningLayer(
        _ image: Digest, in repository: String, of registry: LocalRegistry, _ options: SigningOptions
    ) throws(SigningFailure) -> Descriptor {
        let payload = options.payload ?? Self.simpleSigningPayload(image, "\(registry.host)/\(repository)", options)
        let signature = try sign(payload, with: key, options)
        registry.put(blob: payload, in: options.repository ?? repository)
        let annotations = [Self.signatureAnnotation: Base64.encode(signature)]
        return Descriptor(
            mediaType: Self.simpleSigningType, digest: Digest(of: payload), size: payload.count,
            annotations: annotations.merging(options.manifestAnnotations) { _, new in new })
    }

    private static func simpleSigningPayload(_ image: Digest, _ identity: String, _ options: SigningOptions) -> [UInt8]
    {
        var writer = Writer()
        writer.beginObject()
        writer.key("critical")
        writer.beginObject()
        writer.key("identity")
        ManifestJSON.write(["docker-reference": options.identity ?? identity], to: &writer)
        writer.key("image")
        ManifestJSON.write(
            ["docker-manifest-digest": (options.claimedDigest ?? image).description], to: &writer)
        writer.key("type")
        writer.string(options.claimType)
        writer.endObject()
        writer.key("optional")
        if let optional = options.optional {
            writer.raw(optional)
        } else if options.annotations.isEmpty {
            writer.null()
        } else {
            ManifestJSON.write(options.annotations, to: &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    private func append(
        _ layer: Descriptor, tag: String, in repository: String, of registry: LocalRegistry
    ) throws(SigningFailure) -> Digest {
        var layers: [Descriptor] = []
        if let present = registry.manifest(tag, in: repository) {
            do {
                layers = try ImageManifest(parsing: present.bytes).layers
            } catch {
                throw .manifest(error)
            }
        }
        layers.append(layer)
        let config = Self.config(of: layers)
        registry.put(blob: config, in: repository)
        let manifest = ManifestWriter(
            config: Descriptor(mediaType: MediaType.ociConfig, digest: Digest(of: config), size: config.count),
            layers: layers)
        return registry.put(manifest: manifest.bytes, in: repository, tag: tag).digest
    }

    /// The image configuration that cosign 2 writes although there is nothing to configure.
    private static func config(of layers: [Descriptor]) -> [UInt8] {
        let never = "0001-01-01T00:00:00Z"
        var writer = Writer()
        writer.beginObject()
        writer.key("architecture")
        writer.string("")
        writer.key("created")
        writer.string(never)
        writer.key("history")
        writer.beginArray()
        for _ in layers { ManifestJSON.write(["created": never], to: &writer) }
        writer.endArray()
        writer.key("os")
        writer.string("")
        writer.key("rootfs")
        writer.beginObject()
        writer.key("type")
        writer.string("layers")
        writer.key("diff_ids")
        writer.beginArray()
        for layer in layers { writer.string(layer.digest.description) }
        writer.endArray()
        writer.endObject()
        writer.key("config")
        writer.beginObject()
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
