import OCI

/// Why one signature is not a proof of one image by one key.
///
/// The cases follow the order of the checks in spec/signatures.md ("Checking, step by step"): a signature that fails a
/// later check came nearer to being a proof, and the nearest miss is what people are told.
public enum SignatureFailure: Error, Sendable, Hashable {
    /// What carries the signature (layer, bundle, envelope) cannot be read.
    case malformed(String)
    /// What carries the signature is of a kind that is refused by name.
    case unsupported(String)
    /// A certificate is wanted, and none comes with it.
    case noCertificate
    /// The certificate is of nobody whom the policy trusts to sign.
    case certificateUntrusted(String)
    /// No signature in it verifies with the key.
    case signatureMismatch
    /// The certificate is of somebody whom the policy trusts, and is not valid at the time.
    case certificateExpired(String)
    /// The key signed it, and what it signed cannot be read.
    case malformedClaims(String)
    /// The key signed it, and what it signed is another image.
    case digestMismatch(signed: String, expected: Digest)
    /// The key signed it for this image, and it is no signature of the image: another payload or predicate type.
    case typeMismatch(found: String)
    /// The key signed it for this image, and it is an attestation of another type than the one that is wanted.
    case predicateTypeMismatch(found: String)
    /// The key signed it for this image, and it does not carry a required annotation with the required value.
    case annotationMismatch(key: String, expected: String)

    /// How near the signature came to being a proof; of several failures the one with the greatest is reported.
    public var nearness: Int {
        switch self {
        case .malformed: 0
        case .unsupported: 1
        case .noCertificate: 2
        case .certificateUntrusted: 3
        case .signatureMismatch: 4
        case .certificateExpired: 5
        case .malformedClaims: 6
        case .digestMismatch: 7
        case .typeMismatch: 8
        case .predicateTypeMismatch: 9
        case .annotationMismatch: 10
        }
    }
}

extension SignatureFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let reason):
            "signature malformed: \(reason)"
        case .unsupported(let reason):
            "signature not supported: \(reason)"
        case .noCertificate:
            "no certificate comes with the signature, and the policy asks for one"
        case .certificateUntrusted(let reason):
            "certificate not trusted: \(reason)"
        case .signatureMismatch:
            "signature mismatch"
        case .certificateExpired(let reason):
            "certificate not valid: \(reason)"
        case .malformedClaims(let reason):
            "signed payload malformed: \(reason)"
        case .digestMismatch(let signed, let expected):
            "digest mismatch: the signature is over \(signed), the image is \(expected)"
        case .typeMismatch(let found):
            "type mismatch: the key signed \(found) for this image, which is no signature of it"
        case .predicateTypeMismatch(let found):
            "predicate type mismatch: the key signed an attestation of type \(found) for this image"
        case .annotationMismatch(let key, let expected):
            "annotation mismatch: the signature does not carry \(key)=\(expected)"
        }
    }
}

/// Text from outside as it may stand in a message: bounded in length, and without control characters.
func quoted(_ text: String) -> String {
    let maximumCharacters = 200  // long enough for a digest or a predicate type, short enough for a denial message
    var printable = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(maximumCharacters) {
        let isControl = scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
        printable.append(isControl ? "\u{FFFD}" : scalar)
    }
    let isWhole = text.unicodeScalars.dropFirst(maximumCharacters).isEmpty
    return "\"" + String(printable) + (isWhole ? "\"" : "…\"")
}
