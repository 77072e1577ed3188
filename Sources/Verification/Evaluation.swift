import OCI
import Sigstore

/// How far a requirement is met by the candidates seen so far.
///
/// A value without I/O: candidates go in as they arrive, in whatever order, and the outcome does not depend on it.
/// Source: spec/verify-images.md, "Attestors"; spec/signatures.md, "Checking, step by step", 6.
struct Evaluation {
    /// A key of the requirement, wherever it stands in it.
    private struct Entry {
        let attestor: KeyAttestor
        let repository: Repository
        var claims: Claims?
        var nearestMiss: SignatureFailure?
    }

    /// A set of the requirement, its keys as places in ``entries``.
    private struct Group {
        let count: Int
        let members: [Member]
    }

    private enum Member {
        case entry(Int)
        case group(Group)
    }

    private let image: Digest
    private var entries: [Entry] = []
    private var groups: [Group] = []
    /// What could not be read, by where it is.
    private var failures: [Repository: VerificationFailure] = [:]

    /// - Parameter repository: where the image lives, and so the signatures of entries that name no other place.
    init(_ requirement: Requirement, image: Digest, in repository: Repository) {
        self.image = image
        for set in requirement.attestorSets { groups.append(group(set, in: repository)) }
    }

    private mutating func group(_ set: AttestorSet, in repository: Repository) -> Group {
        var members: [Member] = []
        for attestor in set.entries {
            switch attestor {
            case .key(let key):
                members.append(.entry(entries.count))
                entries.append(Entry(attestor: key, repository: key.repository ?? repository))
            case .set(let nested):
                members.append(.group(group(nested, in: repository)))
            }
        }
        return Group(count: set.count, members: members)
    }

    /// Where candidates have to be looked for, each place once.
    var repositories: Set<Repository> { Set(entries.map(\.repository)) }

    // MARK: Candidates

    /// Tries a candidate on every entry that looks in its repository and is still open.
    ///
    /// One candidate satisfies an entry whole, annotations included; and it may satisfy several entries, also such as
    /// name the same key twice: entries count as they are written.
    mutating func consider(_ found: Found, from repository: Repository) {
        switch found {
        case .candidate(let candidate):
            for index in entries.indices where isOpen(index, in: repository) { attempt(candidate, at: index) }
        case .unusable(let failure):
            for index in entries.indices where isOpen(index, in: repository) { miss(failure, at: index) }
        case .failure(let failure):
            failures[repository] = failures[repository].map { Self.graver($0, failure) } ?? failure
        }
    }

    private func isOpen(_ index: Int, in repository: Repository) -> Bool {
        entries[index].claims == nil && entries[index].repository == repository
    }

    private mutating func attempt(_ candidate: Candidate, at index: Int) {
        let attestor = entries[index].attestor
        do {
            entries[index].claims =
                switch candidate {
                case .layer(let layer):
                    try SimpleSigning.verify(
                        layer, for: image, with: attestor.key, hash: attestor.hash, annotations: attestor.annotations)
                case .bundle(let bundle):
                    try bundle.verifySignature(
                        of: image, with: attestor.key, hash: attestor.hash, annotations: attestor.annotations)
                }
        } catch {
            miss(error, at: index)
        }
    }

    private mutating func miss(_ failure: SignatureFailure, at index: Int) {
        if let nearest = entries[index].nearestMiss, nearest.nearness >= failure.nearness { return }
        entries[index].nearestMiss = failure
    }

    // MARK: Outcome

    var isSatisfied: Bool { groups.allSatisfy(isSatisfied) }

    /// The claims in the order of the requirement's entries, or why it is not met.
    var outcome: Result<[Claims], VerificationFailure> {
        // Only groups that are not satisfied have a failure, so this finds one whenever the requirement is not met.
        if let failure = groups.compactMap(failure(of:)).reduce(nil, Self.graver) { return .failure(failure) }
        return isSatisfied ? .success(entries.compactMap(\.claims)) : .failure(.signatureNotFound)
    }

    private func isSatisfied(_ group: Group) -> Bool {
        let satisfied = group.members.count { member in
            switch member {
            case .entry(let index): entries[index].claims != nil
            case .group(let group): isSatisfied(group)
            }
        }
        return satisfied >= group.count
    }

    /// Why a group is not satisfied: the gravest reason among its members, since any of them might have filled its
    /// count. nil when it is satisfied.
    private func failure(of group: Group) -> VerificationFailure? {
        if isSatisfied(group) { return nil }
        return group.members.compactMap { member in
            switch member {
            case .entry(let index): failure(of: entries[index])
            case .group(let group): failure(of: group)
            }
        }.reduce(nil, Self.graver)
    }

    private func failure(of entry: Entry) -> VerificationFailure? {
        if entry.claims != nil { return nil }
        // What could not be read might have been the signature: nobody may say that there is none, or a wrong one.
        if let failure = failures[entry.repository] { return failure }
        return entry.nearestMiss.map(VerificationFailure.signature) ?? .signatureNotFound
    }

    private static func graver(_ a: VerificationFailure?, _ b: VerificationFailure) -> VerificationFailure {
        guard let a else { return b }
        return gravity(b) > gravity(a) ? b : a
    }

    /// What is told of several failures: that nothing could be decided, else what stood in the way of reading, else the
    /// nearest miss.
    private static func gravity(_ failure: VerificationFailure) -> Int {
        switch failure {
        case _ where failure.isError: 1002
        case .registry: 1001
        case .limitExceeded: 1000
        case .signature(let failure): 1 + failure.nearness
        default: 0
        }
    }
}
