import OCI
import OpenSSL
import Sigstore

/// Somebody who may have signed, and what the signature must say: an attestor that is no set.
struct Signatory: Sendable, Hashable {
    let authority: Authority
    let hash: HashAlgorithm?
    let annotations: [String: String]
    let repository: Repository?

    init(_ attestor: KeyAttestor) {
        authority = .key(attestor.key)
        hash = attestor.hash
        annotations = attestor.annotations
        repository = attestor.repository
    }

    init(_ attestor: CertificateAttestor) {
        authority =
            attestor.certificate.map { .certificate($0, chain: attestor.chain) }
            ?? .issued(under: attestor.chain)
        hash = attestor.hash
        annotations = attestor.annotations
        repository = attestor.repository
    }

    /// What was verified.
    struct Verified<Value> {
        let value: Value
        /// The last second in which it may be believed, since 1970; nil for ever.
        let validUntil: Int?
    }

    /// Checks that a candidate is a signature of the image by this signatory.
    ///
    /// - Parameter time: now, in seconds since 1970.
    func verifySignature(
        _ candidate: Candidate, of image: Digest, at time: Int
    ) throws(SignatureFailure) -> Verified<Claims> {
        let key = try authority.key(candidate.attachedCertificate, at: time)
        let claims: Claims
        switch candidate {
        case .layer(let layer):
            claims = try SimpleSigning.verify(layer, for: image, with: key.key, hash: hash, annotations: annotations)
        case .bundle(let bundle):
            claims = try bundle.verifySignature(of: image, with: key.key, hash: hash, annotations: annotations)
        case .attestation:
            throw .unsupported("an attestation, which is no signature")
        }
        return Verified(value: claims, validUntil: key.validUntil)
    }

    /// Checks that a candidate is an attestation of a type about the image by this signatory.
    ///
    /// - Parameter time: now, in seconds since 1970.
    func verifyAttestation(
        _ candidate: Candidate, of image: Digest, predicateType: String, at time: Int
    ) throws(SignatureFailure) -> Verified<VerifiedStatement> {
        let key = try authority.key(candidate.attachedCertificate, at: time)
        let statement: VerifiedStatement
        switch candidate {
        case .layer:
            throw .unsupported("a signature, which is no attestation")
        case .bundle(let bundle):
            statement = try bundle.verifyAttestation(
                of: image, predicateType: predicateType, with: key.key, hash: hash, annotations: annotations)
        case .attestation(let layer):
            statement = try layer.verifyAttestation(
                of: image, predicateType: predicateType, with: key.key, hash: hash, annotations: annotations)
        }
        return Verified(value: statement, validUntil: key.validUntil)
    }
}

extension Candidate {
    /// The certificate that comes with it, unread.
    var attachedCertificate: AttachedCertificate? {
        switch self {
        case .layer(let layer): layer.attachedCertificate
        case .attestation(let layer): layer.attachedCertificate
        case .bundle(let bundle): bundle.attachedCertificate
        }
    }
}
