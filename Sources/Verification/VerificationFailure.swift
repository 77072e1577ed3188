import Registry
import Sigstore

/// Why an image did not meet a requirement. Each renders one sentence for the person who ran kubectl.
public enum VerificationFailure: Error, Sendable, Equatable {
    /// Nothing that could be a signature lies beside the image.
    case signatureNotFound
    /// There are signatures, and this is the nearest miss among them.
    case signature(SignatureFailure)
    /// Nothing that could be an attestation lies beside the image.
    case attestationNotFound(predicateType: String)
    /// There are attestations or signatures, none is of this type by whom it is asked of, and this is the nearest miss.
    case attestation(predicateType: String, SignatureFailure)
    /// The registry did not give what was needed.
    case registry(RegistryFailure)
    /// The registry does not let us read what was needed, and something about the credentials that were to open it is
    /// amiss, in half a sentence each.
    case denied(RegistryFailure, because: [String])
    /// More lies beside the image than anybody reads.
    case limitExceeded(what: String, limit: Int)
    /// The caller's deadline passed, or the check's own.
    case timedOut
    /// Too many checks are under way.
    case overloaded

    /// Whether nothing was decided: the registry could not be asked, and asking again may go otherwise.
    ///
    /// Only then does a failure policy apply to images that are not required to verify. What a registry did answer,
    /// a missing image or unreadable data included, is a decision.
    public var isError: Bool {
        switch self {
        case .signatureNotFound, .signature, .attestationNotFound, .attestation, .limitExceeded: false
        case .timedOut, .overloaded: true
        case .registry(let failure), .denied(let failure, _): failure.isUndecided
        }
    }

    /// A word for metrics and logs, one of a fixed set.
    public var label: String {
        switch self {
        case .signatureNotFound: "signature_not_found"
        case .attestationNotFound: "attestation_not_found"
        case .signature(let failure), .attestation(_, let failure): Self.label(failure)
        case .registry(let failure): failure.isMissing ? "image_not_found" : "registry"
        case .denied: "registry"
        case .limitExceeded: "limit_exceeded"
        case .timedOut: "timed_out"
        case .overloaded: "overloaded"
        }
    }

    private static func label(_ failure: SignatureFailure) -> String {
        switch failure {
        case .signatureMismatch: "signature_mismatch"
        case .digestMismatch: "digest_mismatch"
        case .annotationMismatch: "annotation_mismatch"
        case .typeMismatch: "type_mismatch"
        case .predicateTypeMismatch: "predicate_type_mismatch"
        case .noCertificate, .certificateUntrusted: "certificate_untrusted"
        case .certificateExpired: "certificate_expired"
        case .malformed, .unsupported, .malformedClaims: "signature_unusable"
        }
    }

    /// What is told of several failures: that nothing could be decided, else what stood in the way of reading, else the
    /// nearest miss.
    static func graver(_ a: VerificationFailure?, _ b: VerificationFailure) -> VerificationFailure {
        guard let a else { return b }
        return b.gravity > a.gravity ? b : a
    }

    private var gravity: Int {
        switch self {
        case _ where isError: 1002
        case .registry: 1001
        case .limitExceeded: 1000
        case .signature(let failure), .attestation(_, let failure): 1 + failure.nearness
        default: 0
        }
    }
}

extension VerificationFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .signatureNotFound: "signature not found"
        case .signature(let failure): failure.description
        case .attestationNotFound(let type): "attestation of type \(type) not found"
        case .attestation(let type, .predicateTypeMismatch(let found)):
            "attestation of type \(type) not found; the attestor signed one of type \(found) for this image"
        case .attestation(let type, let failure): "attestation of type \(type): \(failure)"
        case .registry(let failure): failure.description
        case .denied(let failure, let reasons): ([failure.description] + reasons).joined(separator: "; ")
        case .limitExceeded(let what, let limit): "there are more \(what) than the \(limit) that are read"
        case .timedOut: "timed out before the image could be verified"
        case .overloaded: "too many images are being verified at once"
        }
    }
}
