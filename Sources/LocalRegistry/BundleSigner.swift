import JSON
import OCI
import OpenSSL

// MARK: - cosign 3

extension Signer {
    /// `cosign 3 sign`: a bundle in a manifest that refers to the image, and the fallback index where the registry has
    /// no referrers API.
    ///
    /// - Returns: the digest of the referring manifest.
    @discardableResult
    public func signAsCosign3(
        _ image: Digest, in repository: String, of registry: LocalRegistry, _ options: SigningOptions = .init()
    ) throws(SigningFailure) -> Digest {
        var options = options
        options.predicateType = options.predicateType ?? Self.signaturePredicateType
        let statement = Self.signatureStatement(image, options)
        return try push(bundleOf: statement, about: image, in: repository, of: registry, options)
    }

    /// `cosign 3 attest`: the same, about something else than "this is signed".
    @discardableResult
    public func attestAsCosign3(
        _ image: Digest, predicateType: String, predicate: [UInt8] = Array("{}".utf8), in repository: String,
        of registry: LocalRegistry, _ options: SigningOptions = .init()
    ) throws(SigningFailure) -> Digest {
        var options = options
        options.predicateType = options.predicateType ?? predicateType
        options.predicate = options.predicate ?? predicate
        let statement = Self.attestation(image, "\(registry.host)/\(repository)", options)
        return try push(bundleOf: statement, about: image, in: repository, of: registry, options)
    }

    private func push(
        bundleOf statement: [UInt8], about image: Digest, in repository: String, of registry: LocalRegistry,
        _ options: SigningOptions
    ) throws(SigningFailure) -> Digest {
        let subject = try Self.subject(image, in: repository, of: registry)
        let bundle = try bundle(
            of: statement, registry.manifest(image.description, in: repository)?.bytes ?? [], options)
        let target = options.repository ?? repository
        registry.put(blob: bundle, in: target)
        let empty = Array("{}".utf8)
        registry.put(blob: empty, in: target)

        let annotations = [
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": options.predicateType ?? Self.signaturePredicateType,
            "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
        ]
        let layer = Descriptor(mediaType: options.bundleType, digest: Digest(of: bundle), size: bundle.count)
        let manifest = ManifestWriter(
            config: Descriptor(
                mediaType: MediaType.ociEmpty, digest: Digest(of: empty), size: empty.count,
                artifactType: options.bundleType),
            layers: Array(repeating: layer, count: options.bundleLayers),
            annotations: annotations.merging(options.manifestAnnotations) { _, new in new },
            subject: subject,
            artifactType: options.bundleType)
        return registry.put(referring: manifest, in: target)
    }

    /// A Sigstore bundle, version 0.3 unless the options say otherwise.
    func bundle(
        of statement: [UInt8], _ manifest: [UInt8], _ options: SigningOptions
    ) throws(SigningFailure) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("mediaType")
        writer.string(options.bundleType)
        writer.key("verificationMaterial")
        writer.beginObject()
        if let certificate = options.certificate {
            writer.key("certificate")
            ManifestJSON.write(["rawBytes": Base64.encode(certificate)], to: &writer)
        } else {
            writer.key("publicKey")
            ManifestJSON.write(
                ["hint": options.keyHint ?? Base64.encode(key.publicKey.fingerprint.bytes)], to: &writer)
        }
        writer.endObject()
        switch options.content {
        case .envelope:
            writer.key("dsseEnvelope")
            try write(envelopeOf: statement, options, keyIDs: false, to: &writer)
        case .messageSignature:
            writer.key("messageSignature")
            writer.beginObject()
            writer.key("messageDigest")
            writer.beginObject()
            writer.key("algorithm")
            writer.string("SHA2_256")
            writer.key("digest")
            writer.base64(SHA256Digest(of: manifest).bytes)
            writer.endObject()
            writer.key("signature")
            writer.base64(try sign(manifest, with: key, options))
            writer.endObject()
        }
        writer.endObject()
        return writer.bytes
    }
}

// MARK: - Envelopes and statements

extension Signer {
    /// A DSSE envelope around `statement`.
    ///
    /// - Parameter keyIDs: cosign 2 writes an empty `keyid`, cosign 3 none.
    func write(
        envelopeOf statement: [UInt8], _ options: SigningOptions, keyIDs: Bool, to writer: inout Writer
    ) throws(SigningFailure) {
        let payload = options.payload ?? statement
        let message = Self.preAuthenticationEncoding(options.payloadType, payload)
        writer.beginObject()
        if keyIDs {
            writer.key("payloadType")
            writer.string(options.payloadType)
        }
        writer.key("payload")
        writer.base64(payload)
        if !keyIDs {
            writer.key("payloadType")
            writer.string(options.payloadType)
        }
        writer.key("signatures")
        writer.beginArray()
        for key in options.otherKeys + [key] {
            writer.beginObject()
            if keyIDs {
                writer.key("keyid")
                writer.string("")
            }
            writer.key("sig")
            writer.base64(try sign(message, with: key, options))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// What a DSSE signature is made over (DSSE 1.0, "Signature Definition").
    static func preAuthenticationEncoding(_ type: String, _ body: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(body.count) ".utf8) + body
    }

    static func signatureStatement(_ image: Digest, _ options: SigningOptions) -> [UInt8] {
        statement(options, type: "https://in-toto.io/Statement/v1") { writer in
            writer.key("digest")
            ManifestJSON.write(["sha256": (options.claimedDigest ?? image).hex], to: &writer)
            writer.key("annotations")
            ManifestJSON.write(options.annotations, to: &writer)
        }
    }

    static func attestation(_ image: Digest, _ name: String, _ options: SigningOptions) -> [UInt8] {
        statement(options, type: "https://in-toto.io/Statement/v0.1") { writer in
            writer.key("name")
            writer.string(options.identity ?? name)
            writer.key("digest")
            ManifestJSON.write(["sha256": (options.claimedDigest ?? image).hex], to: &writer)
        }
    }

    private static func statement(
        _ options: SigningOptions, type: String, subject: (inout Writer) -> Void
    ) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("_type")
        writer.string(options.statementType ?? type)
        writer.key("subject")
        writer.beginArray()
        writer.beginObject()
        subject(&writer)
        writer.endObject()
        writer.endArray()
        writer.key("predicateType")
        writer.string(options.predicateType ?? signaturePredicateType)
        writer.key("predicate")
        writer.raw(options.predicate ?? Array("{}".utf8))
        writer.endObject()
        return writer.bytes
    }
}
