import OCI

/// Sets of attestors, laid out so that what is known about each attestor can be held beside it.
///
/// Source: spec/verify-images.md, "Attestors".
struct AttestorTree: Sendable, Hashable {
    private struct Group: Sendable, Hashable {
        let count: Int
        let members: [Member]
    }

    private enum Member: Sendable, Hashable {
        case leaf(Int)
        case group(Group)
    }

    /// Keys and certificates in the order in which they are written, however deep. One that is written twice is two.
    private(set) var leaves: [Signatory] = []
    private var groups: [Group] = []

    /// Every one of the sets must be satisfied.
    init(_ sets: [AttestorSet]) {
        for set in sets { groups.append(group(set)) }
    }

    private mutating func group(_ set: AttestorSet) -> Group {
        var members: [Member] = []
        for attestor in set.entries {
            switch attestor {
            case .key(let key): members.append(leaf(Signatory(key)))
            case .certificate(let certificate): members.append(leaf(Signatory(certificate)))
            case .set(let nested): members.append(.group(group(nested)))
            }
        }
        return Group(count: set.count, members: members)
    }

    private mutating func leaf(_ signatory: Signatory) -> Member {
        leaves.append(signatory)
        return .leaf(leaves.count - 1)
    }

    /// Where the leaves' signatures have to be looked for, each place once.
    ///
    /// - Parameter repository: where the image lives, and so the signatures of leaves that name no other place.
    func repositories(besides repository: Repository) -> Set<Repository> {
        Set(leaves.map { $0.repository ?? repository })
    }

    /// - Parameter passes: whether a leaf does, by its place in ``leaves``.
    func isSatisfied(_ passes: (Int) -> Bool) -> Bool { groups.allSatisfy { isSatisfied($0, passes) } }

    private func isSatisfied(_ group: Group, _ passes: (Int) -> Bool) -> Bool {
        let satisfied = group.members.count { member in
            switch member {
            case .leaf(let index): passes(index)
            case .group(let group): isSatisfied(group, passes)
            }
        }
        return satisfied >= group.count
    }

    /// Why the sets are not satisfied: the gravest reason among the leaves of those that are not, since any of them
    /// might have filled its set's count.
    ///
    /// - Parameters:
    ///   - passes: as for ``isSatisfied(_:)``.
    ///   - reason: why a leaf does not pass.
    /// - Returns: nil when they are.
    func failure(
        _ passes: (Int) -> Bool, _ reason: (Int) -> VerificationFailure
    ) -> VerificationFailure? {
        // Whatever is not satisfied has a failure, since counts are never more than there are members; but nothing
        // passes for want of one.
        if isSatisfied(passes) { return nil }
        return groups.compactMap { failure(of: $0, passes, reason) }.reduce(nil, VerificationFailure.graver)
            ?? .signatureNotFound
    }

    private func failure(
        of group: Group, _ passes: (Int) -> Bool, _ reason: (Int) -> VerificationFailure
    ) -> VerificationFailure? {
        if isSatisfied(group, passes) { return nil }
        return group.members.compactMap { member in
            switch member {
            case .leaf(let index): passes(index) ? nil : reason(index)
            case .group(let group): failure(of: group, passes, reason)
            }
        }.reduce(nil, VerificationFailure.graver)
    }
}
