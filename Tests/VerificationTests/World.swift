import JSON
import OCI
import OpenSSL
import Sigstore
import Verification

/// A fake registry with an image in it, somebody who signs, and a verifier.
struct World {
    let source = FakeSource()
    let time = ManualTime()
    let alice: PrivateKey
    let bob: PrivateKey
    let verifier: ImageVerifier
    /// `example.com/app:v1`, which is there.
    let image: ImageReference
    var digest: Digest

    init(_ configuration: ImageVerifier.Configuration = .init()) throws {
        alice = try PrivateKey.generate()
        bob = try PrivateKey.generate()
        verifier = ImageVerifier(source: source, configuration: configuration, time: time.timekeeper)
        image = try ImageReference(parsing: "example.com/app:v1")
        digest = Self.push("one", to: source, at: "example.com/app:v1")
    }

    var deadline: ContinuousClock.Instant { time.now + .seconds(10) }

    /// An image that differs by its name; returns its digest.
    @discardableResult
    static func push(_ name: String, to source: FakeSource, at tag: String) -> Digest {
        let config = Digest(of: Array(name.utf8))
        let manifest = Array(
            """
            {"schemaVersion":2,"config":{"mediaType":"\(MediaType.ociConfig)","digest":"\(config)",\
            "size":\(name.utf8.count)},"layers":[]}
            """.utf8)
        source.put(manifest, at: tag)
        return Digest(of: manifest)
    }

    func check(
        _ requirement: Requirement?, _ reference: ImageReference? = nil, pinned: Bool = true
    ) async -> CheckResult {
        await verifier.check(reference ?? image, requirement, pinned: pinned, deadline: deadline)
    }

    // MARK: Requirements

    func requires(_ key: PrivateKey, annotations: [String: String] = [:], forms: Requirement.Forms = .any) throws
        -> Requirement
    {
        let attestor = Attestor.key(KeyAttestor(key: key.publicKey, annotations: annotations))
        return try Requirement(attestorSets: [AttestorSet(entries: [attestor])], forms: forms)
    }

    // MARK: Signatures

    struct Signing {
        var digest: Digest
        var type = "cosign container image signature"
        var predicateType = "https://sigstore.dev/cosign/sign/v1"
        var annotations = "{}"
    }

    func payload(_ signing: Signing) -> [UInt8] {
        Array(
            """
            {"critical":{"identity":{"docker-reference":"example.com/app"},"image":{"docker-manifest-digest":\
            "\(signing.digest)"},"type":"\(signing.type)"},"optional":\(signing.annotations)}
            """.utf8)
    }

    /// A layer for each payload and signer; the blobs are put.
    func layers(_ signatures: [(PrivateKey, Signing)]) throws -> String {
        try signatures.map { key, signing in
            let payload = payload(signing)
            source.put(blob: payload)
            let signature = try Base64.encode(key.sign(payload))
            return """
                {"mediaType":"\(SignatureLayer.mediaType)","digest":"\(Digest(of: payload))","size":\(payload.count),\
                "annotations":{"\(SignatureLayer.signatureAnnotation)":"\(signature)"}}
                """
        }.joined(separator: ",")
    }

    static func manifest(
        config: String = MediaType.ociConfig, artifactType: String? = nil, layers: String
    ) -> [UInt8] {
        let type = artifactType.map { "\"artifactType\":\"\($0)\"," } ?? ""
        return Array(
            """
            {"schemaVersion":2,\(type)"config":{"mediaType":"\(config)","digest":"\(Digest(of: [0x7B, 0x7D]))","size":2},\
            "layers":[\(layers)]}
            """.utf8)
    }

    /// As cosign 2 does: the tag `sha256-….sig`, a layer for each signature.
    func signTag(_ signatures: [(PrivateKey, Signing)], in repository: String = "example.com/app") throws {
        let tag = "\(repository):sha256-\(digest.hex).sig"
        source.put(Self.manifest(layers: try layers(signatures)), at: tag)
    }

    func signTag(_ key: PrivateKey) throws { try signTag([(key, Signing(digest: digest))]) }

    /// As cosign 2 does with `oci-1-1`: the same layers, in a manifest that refers to the image.
    func signReferring(_ signatures: [(PrivateKey, Signing)]) throws {
        let manifest = try Self.manifest(
            config: "application/vnd.dev.cosign.artifact.sig.v1+json", layers: layers(signatures))
        refer(manifest)
    }

    /// As cosign 3 does: a bundle in a manifest that refers to the image.
    ///
    /// - Parameter listedAs: what the index says the manifest is.
    func signBundle(_ key: PrivateKey, _ signing: Signing? = nil, listedAs type: String? = nil) throws {
        let signing = signing ?? Signing(digest: digest)
        let bundle = try bundle(key, signing)
        source.put(blob: bundle)
        refer(Self.manifest(artifactType: Self.bundleType, layers: Self.bundleLayer(bundle)), listedAs: type)
    }

    static let bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    static func bundleLayer(_ bundle: [UInt8], size: Int? = nil) -> String {
        #"{"mediaType":"\#(bundleType)","digest":"\#(Digest(of: bundle))","size":\#(size ?? bundle.count)}"#
    }

    func refer(_ manifest: [UInt8], listedAs type: String? = nil) {
        source.put(manifest, in: image.repository)
        let descriptor = Descriptor(
            mediaType: MediaType.ociManifest, digest: Digest(of: manifest), size: manifest.count,
            artifactType: type ?? MediaType.ociEmpty)
        source.refer(descriptor, to: digest, in: image.repository)
    }

    func bundle(_ key: PrivateKey, _ signing: Signing) throws -> [UInt8] {
        let statement = Array(
            """
            {"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"\(signing.digest.hex)"},\
            "annotations":\(signing.annotations)}],"predicateType":"\(signing.predicateType)","predicate":{}}
            """.utf8)
        let type = "application/vnd.in-toto+json"
        let signature = try key.sign(
            DSSEEnvelope.preAuthenticationEncoding(payloadType: type, payload: statement))
        return Array(
            """
            {"mediaType":"\(Self.bundleType)","verificationMaterial":{"publicKey":{"hint":""}},"dsseEnvelope":\
            {"payload":"\(Base64.encode(statement))","payloadType":"\(type)",\
            "signatures":[{"sig":"\(Base64.encode(signature))"}]}}
            """.utf8)
    }
}

extension CheckResult {
    /// The digest that may be pinned, when the check passed.
    var pinnable: Digest? { try? outcome.get().digest }

    var failure: VerificationFailure? {
        if case .failure(let failure) = outcome { failure } else { nil }
    }
}
