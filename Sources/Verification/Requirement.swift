import OCI
import OpenSSL
import Sigstore

/// Why a requirement cannot be made: it would be satisfied by nothing, or by everything.
public enum RequirementError: Error, Sendable, Hashable, CustomStringConvertible {
    case noAttestorSets
    case noEntries
    case noPredicateType
    case signaturePredicateType
    case noCertificate
    case unusableCertificate(String)
    case countOutOfRange(count: Int, entries: Int)

    public var description: String {
        switch self {
        case .noAttestorSets: "a requirement needs at least one set of attestors"
        case .noEntries: "a set of attestors needs at least one entry"
        case .noPredicateType: "attestations need a predicate type"
        case .signaturePredicateType:
            "attestations of the type \(Bundle.signaturePredicateType) are signatures; ask for them as such"
        case .noCertificate: "neither a certificate nor a chain is given"
        case .unusableCertificate(let reason): "nothing could be verified with the certificate: \(reason)"
        case .countOutOfRange(let count, let entries):
            "count is \(count), and must be between 1 and the \(entries) entries of the set"
        }
    }
}

/// What an image must satisfy: the hinge between policy dialects, which compile to it, and the verifier, which reads it.
///
/// Source: spec/verify-images.md, "Attestors".
public struct Requirement: Sendable {
    /// The storage forms in which signatures are looked for.
    public enum Forms: UInt8, Sendable, Hashable {
        /// The cosign 2 tag, and whatever refers to the image.
        case any = 0
        /// Sigstore bundles that refer to the image, and nothing else.
        case bundlesOnly = 1
    }

    /// Every one of these must be satisfied by signatures of the image; there are none where attestations are enough.
    public let attestorSets: [AttestorSet]
    /// Every one of these must be met by attestations about the image.
    public let attestations: [AttestationRequirement]
    public let forms: Forms
    /// SHA-256 of a canonical encoding: equal for requirements that ask the same, which is what the cache goes by.
    public let fingerprint: SHA256Digest
    /// Where signatures and attestations are looked for besides the image's own repository.
    let otherRepositories: [Repository]

    /// - Throws: ``RequirementError/noAttestorSets``; an image that needs no proof has no requirement at all.
    public init(
        attestorSets: [AttestorSet], attestations: [AttestationRequirement] = [], forms: Forms = .any
    ) throws(RequirementError) {
        guard !attestorSets.isEmpty || !attestations.isEmpty else { throw .noAttestorSets }
        self.attestorSets = attestorSets
        self.attestations = attestations
        self.forms = forms

        var encoder = FingerprintEncoder(domain: "countersign requirement 2")
        encoder.append(Int(forms.rawValue))
        encoder.append(attestorSets.count)
        for set in attestorSets { set.encode(into: &encoder) }
        encoder.append(attestations.count)
        for attestation in attestations { attestation.encode(into: &encoder) }
        fingerprint = encoder.digest

        let leaves = (attestorSets + attestations.flatMap(\.attestorSets)).flatMap(\.leaves)
        otherRepositories = Array(Set(leaves.compactMap(\.repository)))
    }
}

extension Requirement: Hashable {
    public static func == (a: Requirement, b: Requirement) -> Bool { a.fingerprint == b.fingerprint }
    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

/// Entries of which a number must pass.
public struct AttestorSet: Sendable, Hashable {
    /// How many of the entries must pass: at least 1, at most all of them.
    public let count: Int
    public let entries: [Attestor]

    /// - Parameter count: nil means all.
    /// - Throws: ``RequirementError`` for a set that everything or nothing would satisfy.
    public init(count: Int? = nil, entries: [Attestor]) throws(RequirementError) {
        guard !entries.isEmpty else { throw .noEntries }
        let count = count ?? entries.count
        guard (1...entries.count).contains(count) else {
            throw .countOutOfRange(count: count, entries: entries.count)
        }
        self.count = count
        self.entries = entries
    }

    func encode(into encoder: inout FingerprintEncoder) {
        encoder.append(count)
        encoder.append(entries.count)
        for entry in entries {
            switch entry {
            case .key(let key):
                encoder.append(0)
                key.encode(into: &encoder)
            case .set(let set):
                encoder.append(1)
                set.encode(into: &encoder)
            case .certificate(let certificate):
                encoder.append(2)
                certificate.encode(into: &encoder)
            }
        }
    }
}

/// One entry of a set: somebody who can vouch for an image.
public enum Attestor: Sendable, Hashable {
    case key(KeyAttestor)
    case certificate(CertificateAttestor)
    /// A nested set, counted as one.
    case set(AttestorSet)
}

/// A static public key, and what its signature must say. One signature satisfies it whole.
public struct KeyAttestor: Sendable, Hashable {
    public let key: PublicKey
    /// The hash that was signed; nil means SHA-256, and for the larger curves also the curve's own.
    public let hash: HashAlgorithm?
    /// What the signature must carry, each with exactly this value.
    public let annotations: [String: String]
    /// Where the signatures live, when not beside the image.
    public let repository: Repository?

    public init(
        key: PublicKey, hash: HashAlgorithm? = nil, annotations: [String: String] = [:], repository: Repository? = nil
    ) {
        self.key = key
        self.hash = hash
        self.annotations = annotations
        self.repository = repository
    }

    func encode(into encoder: inout FingerprintEncoder) {
        encoder.append(key.fingerprint.hex)
        encoder.append(hash: hash, annotations, repository)
    }
}

/// Bytes that can be read back in one way only: every text is preceded by its length.
struct FingerprintEncoder {
    private var bytes: [UInt8] = []

    init(domain: String) { append(domain) }

    mutating func append(_ number: Int) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func append(_ text: String) {
        append(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    /// What every attestor says about its signatures.
    mutating func append(hash: HashAlgorithm?, _ annotations: [String: String], _ repository: Repository?) {
        append(hash?.rawValue ?? "")
        append(annotations.count)
        // In the order of their bytes: two spellings that Swift calls equal are different annotations.
        for (key, value) in annotations.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            append(key)
            append(value)
        }
        append(repository?.description ?? "")
    }

    var digest: SHA256Digest { SHA256Digest(of: bytes) }
}
