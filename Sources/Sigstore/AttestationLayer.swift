import OCI
import OpenSSL

/// One layer of a cosign attestation manifest: an envelope, which several may have signed.
///
/// A value that exists hashes to its descriptor. It is not verified, and the layer's annotation `predicateType`, which
/// anybody may write, is not read.
/// Source: spec/signatures.md, "cosign 2: a tag beside the image".
public struct AttestationLayer: Sendable, Hashable {
    public static let mediaType = "application/vnd.dsse.envelope.v1+json"

    let envelope: DSSEEnvelope
    /// The certificate that comes with the signature, unread.
    public let attachedCertificate: AttachedCertificate?

    /// - Throws: ``SignatureFailure/malformed(_:)``.
    public init(descriptor: Descriptor, content: [UInt8]) throws(SignatureFailure) {
        guard content.count == descriptor.size, Digest(of: content) == descriptor.digest else {
            throw .malformed("the envelope is not the one that its descriptor names")
        }
        envelope = try DSSEEnvelope(parsing: content)
        attachedCertificate = AttachedCertificate(annotations: descriptor.annotations)
    }

    /// Checks that the layer is an attestation of a type about an image, by a key; one of its signatures must be.
    ///
    /// - Parameters: as for ``Bundle/verifyAttestation(of:predicateType:with:hash:annotations:)``.
    /// - Throws: the first check that fails, as a ``SignatureFailure``.
    public func verifyAttestation(
        of image: Digest, predicateType: String, with key: PublicKey, hash: HashAlgorithm?,
        annotations: [String: String]
    ) throws(SignatureFailure) -> VerifiedStatement {
        try envelope.verifyAttestation(
            of: image, predicateType: predicateType, with: key, hash: hash, annotations: annotations)
    }
}

extension Bundle {
    /// Checks that the bundle is an attestation of a type about an image, by a key.
    ///
    /// - Parameters:
    ///   - predicateType: compared exactly, with what was signed.
    ///   - hash: the hash that was signed; nil as for ``PublicKey/isSignature(_:over:hash:)``.
    ///   - annotations: what the statement's subject must carry, each with exactly this value.
    /// - Throws: the first check that fails, as a ``SignatureFailure``. It is ``SignatureFailure/malformedClaims(_:)``
    ///   where the key did sign a statement that cannot be read, so that nobody knows what it says.
    public func verifyAttestation(
        of image: Digest, predicateType: String, with key: PublicKey, hash: HashAlgorithm?,
        annotations: [String: String]
    ) throws(SignatureFailure) -> VerifiedStatement {
        try envelope.verifyAttestation(
            of: image, predicateType: predicateType, with: key, hash: hash, annotations: annotations)
    }
}

extension DSSEEnvelope {
    /// As ``Bundle/verifyAttestation(of:predicateType:with:hash:annotations:)``.
    ///
    /// Source: spec/signatures.md, "Checking, step by step", 5.
    func verifyAttestation(
        of image: Digest, predicateType: String, with key: PublicKey, hash: HashAlgorithm?,
        annotations: [String: String]
    ) throws(SignatureFailure) -> VerifiedStatement {
        // (1) The key signed the envelope's type and payload. Nothing of the payload is read before.
        guard isSigned(by: key, hash: hash) else { throw .signatureMismatch }

        // (2) Those same bytes are a statement. One of a kind that is not read may be of the type that is wanted.
        guard payloadType == Statement.payloadType else {
            throw .typeMismatch(found: "a payload of type \(quoted(payloadType))")
        }
        let statement: Statement
        do {
            statement = try Statement(parsing: payload, of: payloadType)
        } catch .typeMismatch(let found) {
            throw .malformedClaims("the key signed \(found), which is not read")
        }

        // (3) It is about this image,
        let subjects = try statement.subjects(for: image)

        // (4) of exactly the type that is wanted,
        guard statement.predicateType.utf8.elementsEqual(predicateType.utf8) else {
            throw .predicateTypeMismatch(found: quoted(statement.predicateType))
        }

        // (5) and carries what is asked, all of it in one subject.
        _ = try Statement.subject(carrying: annotations, among: subjects)
        return VerifiedStatement(statement, payload: payload)
    }
}
