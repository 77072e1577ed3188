import OCI
import OpenSSL
import Registry
import Sigstore

/// The work of a check. All of it runs in flights, which are bounded in number and each in time by `checkLimit`.
extension ImageVerifier {
    // MARK: Flights

    /// Resolves a tag by hashing the manifest that it gives.
    ///
    /// - Returns: nil when too many flights are under way.
    func resolution(
        of name: TaggedName, _ keychain: Keychain
    ) -> Flight<Result<Digest, VerificationFailure>>? {
        var name = name
        name.scope = keychain.scope
        return resolutions.join(name) { [self, name] in
            let start = time.now()
            do throws(RegistryFailure) {
                // The digest is the one computed over the bytes that came, and whatever a header said agrees with it.
                let fetched = try await source.with(keychain).manifest(
                    .tag(name.tag), in: name.repository, deadline: start + configuration.checkLimit)
                // Counted from before the request: the tag may have moved since the registry answered it.
                tags.remember(fetched.digest, for: name, at: start, lasting: configuration.tagTTL)
                return .success(fetched.digest)
            } catch {
                return .failure(.registry(error))
            }
        }
    }

    /// Resolves a tag, and verifies what it gave, each in a flight that other checks may share.
    ///
    /// - Returns: nil when too many flights are under way.
    func check(_ name: TaggedName, _ requirement: Requirement, _ brought: Brought) -> Flight<Finding>? {
        let scope = brought.forAll.scope
        return checks.join(.tag(name, requirement: requirement.fingerprint, scope: scope)) { [self] in
            guard let resolution = resolution(of: name, brought.forImage) else { return .failed(.overloaded, nil) }
            let digest: Digest
            switch await resolution.value() {
            case .success(let resolved): digest = resolved
            case .failure(let failure): return .failed(failure, nil)
            }
            let key = VerdictKey(
                repository: name.repository, digest: digest, requirement: requirement.fingerprint, scope: scope)
            guard let verification = check(key, requirement, brought.forAll) else {
                return .failed(.overloaded, digest)
            }
            return await verification.value()
        }
    }

    /// Verifies a digest.
    ///
    /// - Returns: nil when too many flights are under way.
    func check(_ key: VerdictKey, _ requirement: Requirement, _ keychain: Keychain) -> Flight<Finding>? {
        checks.join(.digest(key)) { [self] in
            // A flight for the same may have landed between the asker's look into memory and the start of this one.
            switch known(key, requirement, at: time.now()) {
            case .success(let attestations):
                return .verified(key.digest, Proof(claims: nil, attestations: attestations))
            case .failure(let failure): return .failed(failure, key.digest)
            case nil: break
            }
            let outcome = await verify(key.digest, in: key.repository, requirement, from: source.with(keychain))
            remember(outcome, for: key, requirement)
            switch outcome {
            case .success(let proof): return .verified(key.digest, proof)
            case .failure(let failure): return .failed(failure, key.digest)
            }
        }
    }

    // MARK: Memory

    /// What is remembered of an image under a requirement: the statements that met it, or why it is not met.
    func known(
        _ key: VerdictKey, _ requirement: Requirement, at now: ContinuousClock.Instant
    ) -> Result<[AttestationFindings], VerificationFailure>? {
        // Conditions are asked of statements each time anew, so that a verdict without them is of no use.
        if !requirement.attestations.isEmpty, let findings = statements.value(for: key, at: now) {
            return .success(findings)
        }
        switch verdicts.value(for: key, at: now) {
        case .success where requirement.attestations.isEmpty: return .success([])
        case .failure(let failure): return .failure(failure)
        case .success, nil: return nil
        }
    }

    private func remember(
        _ outcome: Result<Proof, VerificationFailure>, for key: VerdictKey, _ requirement: Requirement
    ) {
        let now = time.now()
        switch outcome {
        case .success(let proof) where requirement.attestations.isEmpty:
            verdicts.remember(.success(()), for: key, at: now, lasting: lifetime(of: proof))
        case .success(let proof):
            statements.remember(
                proof.attestations, cost: proof.footprint, for: key, at: now, lasting: lifetime(of: proof))
        case .failure(let failure) where !failure.isError && configuration.negativeTTL > .zero:
            verdicts.remember(.failure(failure), for: key, at: now, lasting: configuration.negativeTTL)
        case .failure:
            break
        }
    }

    /// How long a proof is remembered: no longer than the certificates in it are valid.
    private func lifetime(of proof: Proof) -> Duration {
        guard let validUntil = proof.validUntil else { return configuration.positiveTTL }
        return min(configuration.positiveTTL, .seconds(max(0, validUntil - time.date())))
    }

    // MARK: Verifying

    /// Looks for what the requirement asks for: signatures of the image first, then attestations about it.
    private func verify(
        _ image: Digest, in repository: Repository, _ requirement: Requirement, from source: any ImageSource
    ) async -> Result<Proof, VerificationFailure> {
        let deadline = time.now() + configuration.checkLimit
        var proof = Proof(claims: [])
        if !requirement.attestorSets.isEmpty {
            switch await findSignatures(
                of: image, in: repository, requirement, from: source, deadline: deadline)
            {
            case .success(let signatures): proof = signatures
            case .failure(let failure): return .failure(failure)
            }
        }
        if !requirement.attestations.isEmpty {
            switch await findAttestations(
                about: image, in: repository, requirement, from: source, deadline: deadline)
            {
            case .success(let attestations):
                proof.attestations = attestations.attestations
                proof.validUntil = [proof.validUntil, attestations.validUntil].compactMap(\.self).min()
            case .failure(let failure): return .failure(failure)
            }
        }
        return .success(proof)
    }

    /// Looks for signatures wherever the requirement lets them lie, and stops as soon as it is met.
    private func findSignatures(
        of image: Digest, in repository: Repository, _ requirement: Requirement, from source: any ImageSource,
        deadline: ContinuousClock.Instant
    ) async -> Result<Proof, VerificationFailure> {
        var evaluation = Evaluation(requirement.attestorSets, image: image, in: repository, at: time.date())
        let budgets = evaluation.repositories.map { ($0, CandidateBudget()) }
        for round in rounds(evaluation.repositories, requirement.forms) {
            let spots = budgets.flatMap { repository, budget in
                round.filter { $0.repository == repository }.map { ($0, budget) }
            }
            let (stream, searching) = search(
                spots, in: source, for: .signatures, of: image, requirement.forms, deadline: deadline)
            defer { searching.cancel() }
            for await (spot, candidate) in stream {
                evaluation.consider(candidate, from: spot.repository)
                guard evaluation.isSatisfied else { continue }
                habits.remember(spot.place, for: spot.repository, at: time.now(), lasting: Self.habitTTL)
                return evaluation.outcome
            }
        }
        return evaluation.outcome
    }

    /// Every signature of an image that an attestor of the requirement made, as `cosign verify` lists them: the search does
    /// not stop at the first, and nothing is remembered.
    ///
    /// - Returns: the claims in the order in which they were found, or why the requirement is not met.
    public func signatures(
        of image: ResolvedImage, meeting requirement: Requirement, deadline: ContinuousClock.Instant
    ) async -> Result<[Claims], VerificationFailure> {
        let repository = image.reference.repository
        let date = time.date()
        var evaluation = Evaluation(requirement.attestorSets, image: image.digest, in: repository, at: date)
        let signatories = AttestorTree(requirement.attestorSets).leaves
        let spots = evaluation.repositories.flatMap { repository in
            let budget = CandidateBudget()
            return Place.all(requirement.forms).map { (Spot(repository: repository, place: $0), budget) }
        }
        let (stream, searching) = search(
            spots, in: source, for: .signatures, of: image.digest, requirement.forms, deadline: deadline)
        defer { searching.cancel() }
        var claims: [Claims] = []
        for await (spot, found) in stream {
            evaluation.consider(found, from: spot.repository)
            guard case .candidate(let candidate) = found else { continue }
            let made = signatories.lazy.compactMap {
                try? $0.verifySignature(candidate, of: image.digest, at: date)
            }
            if let first = made.first { claims.append(first.value) }
        }
        return evaluation.outcome.map { _ in claims }
    }

    /// Looks for attestations wherever they may lie, and reads every one: a good one does not hide a bad one.
    private func findAttestations(
        about image: Digest, in repository: Repository, _ requirement: Requirement, from source: any ImageSource,
        deadline: ContinuousClock.Instant
    ) async -> Result<Proof, VerificationFailure> {
        let date = time.date()
        var evaluations = requirement.attestations.map {
            AttestationEvaluation($0, image: image, in: repository, at: date)
        }
        let spots = Set(evaluations.flatMap(\.repositories)).flatMap { repository in
            let budget = CandidateBudget()
            return Place.all(requirement.forms).map { (Spot(repository: repository, place: $0), budget) }
        }
        let (stream, searching) = search(
            spots, in: source, for: .attestations, of: image, requirement.forms, deadline: deadline)
        defer { searching.cancel() }
        for await (spot, candidate) in stream {
            for index in evaluations.indices { evaluations[index].consider(candidate, from: spot.repository) }
        }
        var findings: [AttestationFindings] = []
        for evaluation in evaluations {
            switch evaluation.outcome {
            case .success(let found): findings.append(found)
            case .failure(let failure): return .failure(failure)
            }
        }
        return .success(
            Proof(claims: [], attestations: findings, validUntil: evaluations.compactMap(\.validUntil).min()))
    }

    /// Starts to look in several places, all at once.
    ///
    /// Nobody awaits the searches: once a requirement is met by what one place gave, the others may take their time to
    /// notice that they are cancelled.
    /// - Returns: what they find, which ends when the last of them does.
    private func search(
        _ spots: [(Spot, CandidateBudget)], in source: any ImageSource, for purpose: Purpose, of image: Digest,
        _ forms: Requirement.Forms, deadline: ContinuousClock.Instant
    ) -> (found: AsyncStream<(spot: Spot, found: Found)>, searching: Task<Void, Never>) {
        let (stream, found) = AsyncStream.makeStream(of: (spot: Spot, found: Found).self)
        let searches = spots.map { spot, budget in
            CandidateSearch(
                source: source, repository: spot.repository, purpose: purpose, place: spot.place, image: image,
                forms: forms, deadline: deadline, budget: budget, report: { found.yield((spot, $0)) })
        }
        let searching = Task {
            await withTaskGroup(of: Void.self) { group in
                for search in searches { group.addTask { await search.run() } }
            }
            found.finish()
        }
        return (stream, searching)
    }

    /// A place in a repository.
    private struct Spot: Hashable, Sendable {
        let repository: Repository
        let place: Place
    }

    /// Where to look, one round after the other, each all at once: first where a repository's signatures were the last
    /// time, which saves the requests to the other places, and then everywhere else.
    private func rounds(_ repositories: Set<Repository>, _ forms: Requirement.Forms) -> [[Spot]] {
        let now = time.now()
        let spots = repositories.flatMap { repository in
            Place.all(forms).map { Spot(repository: repository, place: $0) }
        }
        let likely = spots.filter { spot in
            habits.value(for: spot.repository, at: now).map { $0 == spot.place } ?? true
        }
        return [likely, spots.filter { !likely.contains($0) }]
    }

    /// How long a repository's habit is remembered. It decides what is asked first, and nothing else.
    private static let habitTTL = Duration.seconds(60 * 60)
}
