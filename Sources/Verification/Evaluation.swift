import OCI
import Sigstore

/// How far a requirement is met by the candidates seen so far.
///
/// A value without I/O: candidates go in as they arrive, in whatever order, and the outcome does not depend on it.
/// Source: spec/verify-images.md, "Attestors"; spec/signatures.md, "Checking, step by step", 6.
struct Evaluation {
    /// What is known about a leaf of the tree.
    private struct Progress {
        let repository: Repository
        var claims: Claims?
        var validUntil: Int?
        var nearestMiss: SignatureFailure?
    }

    private let image: Digest
    /// Now, in seconds since 1970.
    private let date: Int
    private let tree: AttestorTree
    private var progress: [Progress]
    /// What could not be read, by where it is.
    private var failures: [Repository: VerificationFailure] = [:]

    /// - Parameter repository: where the image lives, and so the signatures of entries that name no other place.
    init(_ sets: [AttestorSet], image: Digest, in repository: Repository, at date: Int) {
        self.image = image
        self.date = date
        tree = AttestorTree(sets)
        progress = tree.leaves.map { Progress(repository: $0.repository ?? repository) }
    }

    /// Where candidates have to be looked for, each place once.
    var repositories: Set<Repository> { Set(progress.map(\.repository)) }

    // MARK: Candidates

    /// Tries a candidate on every entry that looks in its repository and is still open.
    ///
    /// One candidate satisfies an entry whole, annotations included; and it may satisfy several entries, also such as
    /// name the same key twice: entries count as they are written.
    mutating func consider(_ found: Found, from repository: Repository) {
        switch found {
        case .candidate(let candidate):
            for index in progress.indices where isOpen(index, in: repository) { attempt(candidate, at: index) }
        case .unusable(let failure):
            for index in progress.indices where isOpen(index, in: repository) { miss(failure, at: index) }
        case .failure(let failure):
            failures[repository] = VerificationFailure.graver(failures[repository], failure)
        }
    }

    private func isOpen(_ index: Int, in repository: Repository) -> Bool {
        progress[index].claims == nil && progress[index].repository == repository
    }

    private mutating func attempt(_ candidate: Candidate, at index: Int) {
        do throws(SignatureFailure) {
            let verified = try tree.leaves[index].verifySignature(candidate, of: image, at: date)
            progress[index].claims = verified.value
            progress[index].validUntil = verified.validUntil
        } catch {
            miss(error, at: index)
        }
    }

    private mutating func miss(_ failure: SignatureFailure, at index: Int) {
        if let nearest = progress[index].nearestMiss, nearest.nearness >= failure.nearness { return }
        progress[index].nearestMiss = failure
    }

    // MARK: Outcome

    var isSatisfied: Bool { tree.isSatisfied { progress[$0].claims != nil } }

    /// The claims in the order of the requirement's entries, or why it is not met.
    var outcome: Result<Proof, VerificationFailure> {
        if let failure = tree.failure({ progress[$0].claims != nil }, { failure(at: $0) }) { return .failure(failure) }
        return .success(
            Proof(claims: progress.compactMap(\.claims), validUntil: progress.compactMap(\.validUntil).min()))
    }

    private func failure(at index: Int) -> VerificationFailure {
        // What could not be read might have been the signature: nobody may say that there is none, or a wrong one.
        if let failure = failures[progress[index].repository] { return failure }
        return progress[index].nearestMiss.map(VerificationFailure.signature) ?? .signatureNotFound
    }
}
