import OCI
import Sigstore

/// How far one attestation requirement is met by the candidates seen so far.
///
/// A value without I/O, like ``Evaluation``. Unlike there nothing is settled before all candidates were seen: every
/// statement that an attestor verifies counts.
/// Source: spec/verify-images.md, "Attestations".
struct AttestationEvaluation {
    /// What is known about a leaf of the tree.
    private struct Progress {
        let repository: Repository
        var statements: Set<VerifiedStatement> = []
        var nearestMiss: SignatureFailure?
        /// It signed something that nobody can read: perhaps a statement that does not meet the conditions.
        var unreadable: SignatureFailure?
    }

    private let image: Digest
    /// Now, in seconds since 1970.
    private let date: Int
    private let predicateType: String
    private let tree: AttestorTree
    private var progress: [Progress]
    /// The last second in which all that was verified may be believed, since 1970; nil for ever.
    private(set) var validUntil: Int?
    /// What could not be read, by where it is.
    private var failures: [Repository: VerificationFailure] = [:]

    /// - Parameter repository: where the image lives.
    init(_ requirement: AttestationRequirement, image: Digest, in repository: Repository, at date: Int) {
        self.image = image
        self.date = date
        predicateType = requirement.predicateType
        tree = AttestorTree(requirement.attestorSets)
        progress = tree.leaves.map { Progress(repository: $0.repository ?? repository) }
    }

    /// Where candidates have to be looked for, each place once.
    var repositories: Set<Repository> { Set(progress.map(\.repository)) }

    mutating func consider(_ found: Found, from repository: Repository) {
        switch found {
        case .candidate(let candidate):
            for index in progress.indices where progress[index].repository == repository {
                attempt(candidate, at: index)
            }
        case .unusable(let failure):
            for index in progress.indices where progress[index].repository == repository { miss(failure, at: index) }
        case .failure(let failure):
            failures[repository] = VerificationFailure.graver(failures[repository], failure)
        }
    }

    private mutating func attempt(_ candidate: Candidate, at index: Int) {
        do throws(SignatureFailure) {
            let verified = try tree.leaves[index].verifyAttestation(
                candidate, of: image, predicateType: predicateType, at: date)
            progress[index].statements.insert(verified.value)
            validUntil = [validUntil, verified.validUntil].compactMap(\.self).min()
        } catch .malformedClaims(let reason) {
            progress[index].unreadable = .malformedClaims(reason)
        } catch {
            miss(error, at: index)
        }
    }

    private mutating func miss(_ failure: SignatureFailure, at index: Int) {
        if let nearest = progress[index].nearestMiss, nearest.nearness >= failure.nearness { return }
        progress[index].nearestMiss = failure
    }

    // MARK: Outcome

    /// What was found once all candidates have been seen, or why the requirement is not met.
    var outcome: Result<AttestationFindings, VerificationFailure> {
        if let failure = tree.failure({ failure(at: $0) == nil }, { failure(at: $0) ?? notFound }) {
            return .failure(failure)
        }
        // An attestor that does not count must not seem to vouch for anything either.
        let verified = progress.indices.map { failure(at: $0) == nil ? progress[$0].statements : [] }
        return .success(AttestationFindings(predicateType, tree: tree, verified: verified))
    }

    private func failure(at index: Int) -> VerificationFailure? {
        let leaf = progress[index]
        // What could not be read might have been a statement that does not meet the conditions.
        if let failure = failures[leaf.repository] { return failure }
        if let unreadable = leaf.unreadable { return .attestation(predicateType: predicateType, unreadable) }
        if !leaf.statements.isEmpty { return nil }
        return leaf.nearestMiss.map { .attestation(predicateType: predicateType, $0) } ?? notFound
    }

    private var notFound: VerificationFailure { .attestationNotFound(predicateType: predicateType) }
}
