import Registry
import Sigstore

/// Why an image did not meet a requirement. Each renders one sentence for the person who ran kubectl.
public enum VerificationFailure: Error, Sendable, Equatable {
    /// Nothing that could be a signature lies beside the image.
    case signatureNotFound
    /// There are signatures, and this is the nearest miss among them.
    case signature(SignatureFailure)
    /// The registry did not give what was needed.
    case registry(RegistryFailure)
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
        case .signatureNotFound, .signature, .limitExceeded: false
        case .timedOut, .overloaded: true
        case .registry(let failure): failure.isUndecided
        }
    }

    /// A word for metrics and logs, one of a fixed set.
    public var label: String {
        switch self {
        case .signatureNotFound: "signature_not_found"
        case .signature(.signatureMismatch): "signature_mismatch"
        case .signature(.digestMismatch): "digest_mismatch"
        case .signature(.annotationMismatch): "annotation_mismatch"
        case .signature(.typeMismatch): "type_mismatch"
        case .signature: "signature_unusable"
        case .registry(let failure): failure.isMissing ? "image_not_found" : "registry"
        case .limitExceeded: "limit_exceeded"
        case .timedOut: "timed_out"
        case .overloaded: "overloaded"
        }
    }
}

extension VerificationFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .signatureNotFound: "signature not found"
        case .signature(let failure): failure.description
        case .registry(let failure): failure.description
        case .limitExceeded(let what, let limit): "there are more \(what) than the \(limit) that are read"
        case .timedOut: "timed out before the image could be verified"
        case .overloaded: "too many images are being verified at once"
        }
    }
}
