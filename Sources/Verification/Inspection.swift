import OCI
import Registry
import Sigstore
import Synchronization

/// What lies beside an image, and what each attestor of a requirement says to each piece of it: for the person who asks
/// why an image was denied. It proves nothing, and no verdict hangs on it.
public struct Inspection: Sendable {
    /// A place where something was looked for.
    public struct Place: Sendable {
        public let repository: Repository
        /// `tag sha256-3f9a0c11d2e4….sig`, or `referrers`.
        public let name: String
        /// What was looked for: `signatures`, or the type of attestations.
        public let purpose: String
        public let pieces: [Piece]
        /// What could not be read, in a sentence each.
        public let problems: [String]
    }

    /// Something that may be a signature or an attestation.
    public struct Piece: Sendable {
        /// `signature layer`, `bundle` or `attestation layer`.
        public let kind: String
        public let answers: [Answer]
    }

    /// What an attestor says to a piece.
    public struct Answer: Sendable {
        /// `key 3f9a0c11d2e4` by its fingerprint.
        public let attestor: String
        /// The first check that failed; nil when the piece satisfies the attestor.
        public let failure: String?
    }

    /// How many digits tell digests and fingerprints apart for a person.
    static let shownDigits = 12

    public let image: Digest
    public let places: [Place]
}

extension ImageVerifier {
    /// Looks at everything that lies beside an image, whatever is remembered.
    ///
    /// - Parameters:
    ///   - image: the digest that its reference was resolved to.
    ///   - repository: where the image lives.
    ///   - keychain: what the asker brings to open registries with.
    public func inspect(
        _ image: Digest, in repository: Repository, _ requirement: Requirement, with keychain: Keychain = .empty,
        deadline: ContinuousClock.Instant
    ) async -> Inspection {
        let source = source.with(keychain)
        var inspectors: [Inspector] = []
        if !requirement.attestorSets.isEmpty {
            inspectors.append(
                Inspector(.signatures, "signatures", requirement.attestorSets.flatMap(\.leaves), at: time.date()))
        }
        for attestation in requirement.attestations {
            let type = attestation.predicateType
            inspectors.append(
                Inspector(
                    .attestations, type, predicateType: type, attestation.attestorSets.flatMap(\.leaves),
                    at: time.date()))
        }
        var places: [Inspection.Place] = []
        for inspector in inspectors {
            // In the order of the attestors, and each place once.
            var seen: Set<Repository> = []
            for leaf in inspector.attestors {
                let home = leaf.repository ?? repository
                guard seen.insert(home).inserted else { continue }
                for place in Place.all(requirement.forms) {
                    let search = Search(
                        image: image, repository: repository, home: home, place: place, forms: requirement.forms,
                        deadline: deadline)
                    places.append(await Self.inspect(search, in: source, by: inspector))
                }
            }
        }
        return Inspection(image: image, places: places)
    }

    private struct Search {
        let image: Digest
        /// Where the image lives.
        let repository: Repository
        /// Where is looked.
        let home: Repository
        let place: Place
        let forms: Requirement.Forms
        let deadline: ContinuousClock.Instant
    }

    private static func inspect(
        _ wanted: Search, in source: any ImageSource, by inspector: Inspector
    ) async -> Inspection.Place {
        let collected = FoundList()
        await CandidateSearch(
            source: source, repository: wanted.home, purpose: inspector.purpose, place: wanted.place,
            image: wanted.image, forms: wanted.forms, deadline: wanted.deadline, budget: CandidateBudget(),
            report: { collected.append($0) }
        ).run()
        let suffix = inspector.purpose.suffix
        var pieces: [Inspection.Piece] = []
        var problems: [String] = []
        for item in collected.all {
            switch item {
            case .candidate(let candidate):
                pieces.append(inspector.piece(candidate, of: wanted.image, in: wanted.repository, at: wanted.home))
            case .unusable(let failure): problems.append(failure.description)
            case .failure(let failure): problems.append(failure.description)
            }
        }
        return Inspection.Place(
            repository: wanted.home,
            name: wanted.place == .tag
                ? "tag sha256-\(wanted.image.hex.prefix(Inspection.shownDigits))…\(suffix)" : "referrers",
            purpose: inspector.name, pieces: pieces, problems: problems)
    }
}

/// What is found, in the order in which it is.
private final class FoundList: Sendable {
    private let items = Mutex<[Found]>([])

    var all: [Found] { items.withLock { $0 } }

    func append(_ item: Found) { items.withLock { $0.append(item) } }
}

/// The attestors that look for one thing.
private struct Inspector {
    let purpose: Purpose
    let name: String
    /// Nil for signatures.
    let predicateType: String?
    let attestors: [Attestor]
    /// Now, in seconds since 1970.
    let date: Int

    init(
        _ purpose: Purpose, _ name: String, predicateType: String? = nil, _ attestors: [Attestor], at date: Int
    ) {
        self.date = date
        self.purpose = purpose
        self.name = name
        self.predicateType = predicateType
        self.attestors = attestors
    }

    func piece(
        _ candidate: Candidate, of image: Digest, in repository: Repository, at home: Repository
    ) -> Inspection.Piece {
        let asked = attestors.filter { ($0.repository ?? repository) == home }
        return Inspection.Piece(
            kind: candidate.kind,
            answers: asked.map { attestor in
                Inspection.Answer(
                    attestor: attestor.name, failure: failure(of: candidate, for: attestor, image, repository))
            })
    }

    /// Why a candidate alone does not satisfy an attestor alone: asked of the evaluation that decides, too.
    private func failure(
        of candidate: Candidate, for attestor: Attestor, _ image: Digest, _ repository: Repository
    ) -> String? {
        do {
            let sets = [try AttestorSet(entries: [attestor])]
            let home = attestor.repository ?? repository
            guard let predicateType else {
                var evaluation = Evaluation(sets, image: image, in: repository, at: date)
                evaluation.consider(.candidate(candidate), from: home)
                _ = try evaluation.outcome.get()
                return nil
            }
            let requirement = try AttestationRequirement(predicateType: predicateType, attestorSets: sets)
            var evaluation = AttestationEvaluation(requirement, image: image, in: repository, at: date)
            evaluation.consider(.candidate(candidate), from: home)
            _ = try evaluation.outcome.get()
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension Candidate {
    fileprivate var kind: String {
        switch self {
        case .layer: "signature layer"
        case .attestation: "attestation layer"
        case .bundle: "bundle"
        }
    }
}

extension AttestorSet {
    /// Those that are no sets, in the order in which they are written.
    var leaves: [Attestor] {
        entries.flatMap { entry in
            if case .set(let nested) = entry { nested.leaves } else { [entry] }
        }
    }
}

extension Attestor {
    var repository: Repository? {
        switch self {
        case .key(let key): key.repository
        case .certificate(let certificate): certificate.repository
        case .set: nil
        }
    }

    fileprivate var name: String {
        switch self {
        case .key(let key): "key \(key.key.fingerprint.hex.prefix(Inspection.shownDigits))"
        case .certificate(let attestor):
            attestor.certificate.map { "certificate \($0.fingerprint.hex.prefix(Inspection.shownDigits))" }
                ?? "a certificate under the policy's authorities"
        case .set: "a set"
        }
    }
}
