import OCI
import Sigstore

/// An image whose digest is known: from its reference, or computed over the manifest bytes that its tag gave.
///
/// Only ``ImageVerifier`` makes one. It is no proof of anything but the digest.
public struct ResolvedImage: Sendable, Hashable {
    public let reference: ImageReference
    public let digest: Digest
}

/// An image that met its requirement. Only ``ImageVerifier`` makes one.
public struct VerifiedImage: Sendable, Hashable {
    public let image: ResolvedImage
    /// What the signatures that met the requirement say, in the order of its entries; nil where the verdict was
    /// remembered, since memory keeps verdicts and not payloads.
    public let claims: [Claims]?
    /// The statements that met the requirement's attestations, one for each of them in their order. Whether they meet
    /// a policy's conditions as well is for the policy to ask.
    public let attestations: [AttestationFindings]

    public var reference: ImageReference { image.reference }
    public var digest: Digest { image.digest }

    init(image: ResolvedImage, claims: [Claims]?, attestations: [AttestationFindings] = []) {
        self.image = image
        self.claims = claims
        self.attestations = attestations
    }
}

/// An image whose digest may be written into an object: it met its requirement, or its rule asked for no proof.
///
/// Only ``ImageVerifier`` makes one, so that a digest which should have been verified, and was not, cannot be written.
public struct PinnableImage: Sendable, Hashable {
    public let image: ResolvedImage
    /// The proof; nil only where no requirement was asked, and the digest is merely what the tag stood for.
    public let verified: VerifiedImage?

    public var reference: ImageReference { image.reference }
    public var digest: Digest { image.digest }

    init(verified: VerifiedImage) {
        image = verified.image
        self.verified = verified
    }

    init(withoutRequirement image: ResolvedImage) {
        self.image = image
        verified = nil
    }
}
