import OpenSSL
import Sigstore

/// Statements of one type that must exist about an image, and who must have signed them.
///
/// What the statements must say is the policy's business: see ``AttestationFindings/isSatisfied(where:)``.
/// Source: spec/verify-images.md, "Attestations".
public struct AttestationRequirement: Sendable, Hashable {
    /// The predicate type, which is compared exactly.
    public let predicateType: String
    /// Every one of these must be satisfied.
    public let attestorSets: [AttestorSet]

    /// - Throws: ``RequirementError/noPredicateType``, ``RequirementError/noAttestorSets``, or
    ///   ``RequirementError/signaturePredicateType``: a signature of an image is no attestation about it.
    public init(predicateType: String, attestorSets: [AttestorSet]) throws(RequirementError) {
        guard !predicateType.isEmpty else { throw .noPredicateType }
        guard predicateType != Bundle.signaturePredicateType else { throw .signaturePredicateType }
        guard !attestorSets.isEmpty else { throw .noAttestorSets }
        self.predicateType = predicateType
        self.attestorSets = attestorSets
    }

    func encode(into encoder: inout FingerprintEncoder) {
        encoder.append(predicateType)
        encoder.append(attestorSets.count)
        for set in attestorSets { set.encode(into: &encoder) }
    }
}
