import OCI
import OpenSSL
import Sigstore

/// Somebody who may have signed, and what the signature must say: an attestor that is no set.
struct Signatory: Sendable, Hashable {
    let key: PublicKey
    let hash: HashAlgorithm?
    let annotations: [String: String]
    let repository: Repository?

    init(_ attestor: KeyAttestor) {
        key = attestor.key
        hash = attestor.hash
        annotations = attestor.annotations
        repository = attestor.repository
    }

    /// Checks that a candidate is a signature of the image by this signatory.
    func verifySignature(_ candidate: Candidate, of image: Digest) throws(SignatureFailure) -> Claims {
        switch candidate {
        case .layer(let layer):
            try SimpleSigning.verify(layer, for: image, with: key, hash: hash, annotations: annotations)
        case .bundle(let bundle):
            try bundle.verifySignature(of: image, with: key, hash: hash, annotations: annotations)
        case .attestation:
            throw .unsupported("an attestation, which is no signature")
        }
    }

    /// Checks that a candidate is an attestation of a type about the image by this signatory.
    func verifyAttestation(
        _ candidate: Candidate, of image: Digest, predicateType: String
    ) throws(SignatureFailure) -> VerifiedStatement {
        switch candidate {
        case .layer:
            throw .unsupported("a signature, which is no attestation")
        case .bundle(let bundle):
            try bundle.verifyAttestation(
                of: image, predicateType: predicateType, with: key, hash: hash, annotations: annotations)
        case .attestation(let layer):
            try layer.verifyAttestation(
                of: image, predicateType: predicateType, with: key, hash: hash, annotations: annotations)
        }
    }
}
