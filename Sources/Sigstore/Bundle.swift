import JSON
import OCI
import OpenSSL

/// A Sigstore bundle: an envelope, and material to verify it with.
///
/// Read, not verified. With a key from the policy the material is looked at only to see that it is there: keys come from the
/// policy, never from the bundle (cosign GHSA-fx35-mq7g-6g98), and its key hint is no proof.
/// Source: sigstore/protobuf-specs `Bundle`; spec/signatures.md, "cosign 3: a bundle that refers to the image".
public struct Bundle: Sendable, Hashable {
    /// The largest bundle that can be read at all: what an operator may set `--max-bundle-bytes` to. How much of one is
    /// fetched is for whoever fetches it to bound.
    public static let maximumBytes = 1 << 30
    /// An in-toto predicate may nest, an SBOM's does to some tens of levels.
    static let parseLimits = ParseLimits(maximumBytes: maximumBytes, maximumDepth: 128)

    /// What cosign 3 says that a signature of an image is. Anything else behind the same index is an attestation.
    public static let signaturePredicateType = "https://sigstore.dev/cosign/sign/v1"

    /// The two ways in which version 0.3 is written; older ones are refused by name, and so are newer ones.
    static let supportedMediaTypes: Set<String> = [
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
    ]

    /// Whether a media type names a bundle of any version, readable or not.
    public static func isBundle(mediaType: String) -> Bool {
        mediaType.hasPrefix("application/vnd.dev.sigstore.bundle.v") && mediaType.hasSuffix("+json")
            || mediaType.hasPrefix("application/vnd.dev.sigstore.bundle+json;version=")
    }

    /// What the bundle brings to verify with.
    enum Material: Hashable, Sendable {
        /// A hint at a key that the verifier must have: base64 of the SHA-256 of its DER.
        case publicKey(hint: String)
        /// nil where it has no bytes.
        case certificate(AttachedCertificate?)
    }

    private static let noAnnotations = [UInt8]("{}".utf8)

    let material: Material
    let envelope: DSSEEnvelope

    /// The certificate that comes with the signature, unread.
    public var attachedCertificate: AttachedCertificate? {
        if case .certificate(let certificate) = material { certificate } else { nil }
    }

    /// - Throws: ``SignatureFailure/malformed(_:)`` or ``SignatureFailure/unsupported(_:)``.
    public init(parsing bytes: [UInt8]) throws(SignatureFailure) {
        let document: Document
        do {
            document = try Document(bytes, limits: Self.parseLimits, duplicateKeys: .refuse)
        } catch {
            throw .malformed("the bundle is not JSON: \(error)")
        }
        let root = document.root

        // (1) A bundle of a version that we read.
        guard let mediaType = root["mediaType"]?.string else { throw .malformed("the bundle has no mediaType") }
        guard Self.supportedMediaTypes.contains(mediaType) else {
            throw .unsupported("a bundle of type \(quoted(mediaType)), only version 0.3 is read")
        }

        // (2) It holds an envelope, signed once, and not a signature over the image itself.
        if let message = root["messageSignature"], !message.isNull {
            throw .unsupported("a bundle with a messageSignature, only a dsseEnvelope can name an image")
        }
        guard let envelope = root["dsseEnvelope"], !envelope.isNull else {
            throw .malformed("the bundle has no dsseEnvelope")
        }
        self.envelope = try DSSEEnvelope(envelope)
        guard self.envelope.signatures.count == 1 else {
            throw .malformed("the bundle's envelope has \(self.envelope.signatures.count) signatures instead of one")
        }

        // (3) It holds one kind of material.
        guard let material = root["verificationMaterial"], material.kind == .object else {
            throw .malformed("the bundle has no verificationMaterial")
        }
        self.material = try Self.material(in: material)
    }

    private static func material(in value: Value) throws(SignatureFailure) -> Material {
        let present = ["publicKey", "certificate", "x509CertificateChain"].filter { key in
            value[key].map { !$0.isNull } ?? false
        }
        guard present.count == 1 else {
            throw .malformed("the bundle's verificationMaterial holds \(present.count) kinds of key instead of one")
        }
        switch present[0] {
        case "publicKey": return .publicKey(hint: value["publicKey"]?["hint"]?.string ?? "")
        case "certificate": return .certificate(AttachedCertificate(material: value))
        default: throw .unsupported("a bundle with an x509CertificateChain, which version 0.3 does not have")
        }
    }

    /// Checks that the bundle is a signature of an image by a key, carrying the annotations.
    ///
    /// - Parameters:
    ///   - hash: the hash that was signed; nil as for ``PublicKey/isSignature(_:over:hash:)``.
    ///   - annotations: what the statement's subject must carry, each with exactly this value.
    /// - Throws: the first check that fails, as a ``SignatureFailure``.
    public func verifySignature(
        of image: Digest, with key: PublicKey, hash: HashAlgorithm?, annotations: [String: String]
    ) throws(SignatureFailure) -> Claims {
        // (1) The key signed the envelope's type and payload. Nothing of the payload is read before.
        guard envelope.isSigned(by: key, hash: hash) else { throw .signatureMismatch }

        // (2) Those same bytes are a statement,
        let statement = try Statement(parsing: envelope.payload, of: envelope.payloadType)

        // (3) which is about this image,
        let subjects = try statement.subjects(for: image)

        // (4) says that it is a signature, and not some attestation by the same key,
        guard statement.predicateType.utf8.elementsEqual(Self.signaturePredicateType.utf8) else {
            throw .typeMismatch(found: "a statement with predicate type \(quoted(statement.predicateType))")
        }

        // (5) and carries what is asked, all of it in one subject.
        let subject = try Statement.subject(carrying: annotations, among: subjects)
        let isObject = subject.annotations?.kind == .object
        return Claims(
            form: .bundle, digest: image, type: statement.predicateType, dockerReference: nil,
            source: isObject ? subject.annotations?.source ?? Self.noAnnotations : Self.noAnnotations
        )
    }
}
