import OCI
import OpenSSL
import Registry
import Sigstore

/// A tag in a repository: what a resolution goes by.
struct TaggedName: Hashable, Sendable {
    let repository: Repository
    let tag: String
    /// With whose credentials it is asked for.
    var scope = Keychain.Scope.server
}

/// What verdicts are remembered by.
struct VerdictKey: Hashable, Sendable {
    let repository: Repository
    let digest: Digest
    /// The requirement's fingerprint.
    let requirement: SHA256Digest
    /// With whose credentials it was verified.
    var scope = Keychain.Scope.server
}

/// What checks share a flight by: an image, by tag or by digest, under a requirement.
enum CheckKey: Hashable, Sendable {
    case digest(VerdictKey)
    case tag(TaggedName, requirement: SHA256Digest, scope: Keychain.Scope)
}

/// What an asker's keychain holds for one question; what it holds besides makes no difference to the answer.
struct Brought: Sendable {
    /// Opens the image's own repository.
    let forImage: Keychain
    /// Opens that, and wherever else the requirement looks.
    let forAll: Keychain

    init(_ keychain: Keychain, for repository: Repository, _ requirement: Requirement?) {
        guard !keychain.isEmpty else {
            (forImage, forAll) = (.empty, .empty)
            return
        }
        let others = requirement?.otherRepositories ?? []
        forImage = keychain.narrowed(to: [repository])
        forAll = others.isEmpty ? forImage : keychain.narrowed(to: [repository] + others)
    }
}

/// What met a requirement.
struct Proof: Sendable {
    /// Nil where the verdict was remembered.
    var claims: [Claims]?
    /// One for each of the requirement's attestations, in their order.
    var attestations: [AttestationFindings] = []
    /// The last second in which it may be believed, since 1970; nil for ever.
    var validUntil: Int?

    /// About how much memory the statements take, in bytes. One that several findings share is counted for each.
    var footprint: Int { attestations.reduce(0) { $0 + $1.footprint } }
}

/// What came of a check.
enum Finding: Sendable {
    case verified(Digest, Proof)
    /// The digest is nil where the image could not even be resolved.
    case failed(VerificationFailure, Digest?)
}
