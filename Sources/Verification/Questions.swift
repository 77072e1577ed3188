import OCI
import OpenSSL
import Sigstore

/// A tag in a repository: what a resolution goes by.
struct TaggedName: Hashable, Sendable {
    let repository: Repository
    let tag: String
}

/// What verdicts are remembered by.
struct VerdictKey: Hashable, Sendable {
    let repository: Repository
    let digest: Digest
    /// The requirement's fingerprint.
    let requirement: SHA256Digest
}

/// What checks share a flight by: an image, by tag or by digest, under a requirement.
enum CheckKey: Hashable, Sendable {
    case digest(VerdictKey)
    case tag(TaggedName, requirement: SHA256Digest)
}

/// What came of a check.
enum Finding: Sendable {
    /// The claims are nil where the verdict was remembered.
    case verified(Digest, claims: [Claims]?)
    /// The digest is nil where the image could not even be resolved.
    case failed(VerificationFailure, Digest?)
}
