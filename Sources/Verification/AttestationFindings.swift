import Sigstore

/// The statements about an image that met one ``AttestationRequirement``, and who signed which.
///
/// Only ``ImageVerifier`` makes one, and only where the requirement is met by signatures alone.
public struct AttestationFindings: Sendable, Hashable {
    public let predicateType: String
    /// Every statement of the type about the image that at least one of the attestors verifies, each once, in an order
    /// that does not depend on how they were found.
    public let statements: [VerifiedStatement]
    /// For each attestor that is no set, in the order in which the policy writes them, however deep: the places in
    /// ``statements`` of those that it verifies.
    public let verified: [[Int]]

    private let tree: AttestorTree

    /// - Parameter verified: for each of the tree's leaves, what it verifies.
    init(_ predicateType: String, tree: AttestorTree, verified: [Set<VerifiedStatement>]) {
        let statements = Set(verified.joined()).sorted { $0.digest.hex < $1.digest.hex }
        self.predicateType = predicateType
        self.statements = statements
        self.verified = verified.map { set in statements.indices.filter { set.contains(statements[$0]) } }
        self.tree = tree
    }

    /// Whether the requirement is still met when statements must also meet conditions.
    ///
    /// An attestor counts when it verifies at least one statement and *every* statement that it verifies meets the
    /// conditions: otherwise an old clean scan hides a new bad one. The sets' counts then decide as for signatures.
    /// - Parameter meets: whether a statement meets the conditions; asked once for each of ``statements``.
    /// - Throws: whatever `meets` throws first.
    public func isSatisfied<E: Error>(
        where meets: (VerifiedStatement) throws(E) -> Bool
    ) throws(E) -> Bool {
        var met: [Bool] = []
        for statement in statements { met.append(try meets(statement)) }
        return tree.isSatisfied { leaf in
            !verified[leaf].isEmpty && verified[leaf].allSatisfy { met[$0] }
        }
    }

    /// About how much memory the statements take, in bytes.
    var footprint: Int { statements.reduce(0) { $0 + $1.footprint } }
}
