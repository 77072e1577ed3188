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
    func resolution(of name: TaggedName) -> Flight<Result<Digest, VerificationFailure>>? {
        resolutions.join(name) { [self] in
            let start = time.now()
            do throws(RegistryFailure) {
                // The digest is the one computed over the bytes that came, and whatever a header said agrees with it.
                let fetched = try await source.manifest(
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
    func check(_ name: TaggedName, _ requirement: Requirement) -> Flight<Finding>? {
        checks.join(.tag(name, requirement: requirement.fingerprint)) { [self] in
            guard let resolution = resolution(of: name) else { return .failed(.overloaded, nil) }
            let digest: Digest
            switch await resolution.value() {
            case .success(let resolved): digest = resolved
            case .failure(let failure): return .failed(failure, nil)
            }
            let key = VerdictKey(
                repository: name.repository, digest: digest, requirement: requirement.fingerprint)
            guard let verification = check(key, requirement) else { return .failed(.overloaded, digest) }
            return await verification.value()
        }
    }

    /// Verifies a digest.
    ///
    /// - Returns: nil when too many flights are under way.
    func check(_ key: VerdictKey, _ requirement: Requirement) -> Flight<Finding>? {
        checks.join(.digest(key)) { [self] in
            // A flight for the same may have landed between the asker's look into memory and the start of this one.
            switch verdicts.value(for: key, at: time.now()) {
            case .success: return .verified(key.digest, claims: nil)
            case .failure(let failure): return .failed(failure, key.digest)
            case nil: break
            }
            let outcome = await verify(key.digest, in: key.repository, requirement)
            remember(outcome, for: key)
            switch outcome {
            case .success(let claims): return .verified(key.digest, claims: claims)
            case .failure(let failure): return .failed(failure, key.digest)
            }
        }
    }

    private func remember(_ outcome: Result<[Claims], VerificationFailure>, for key: VerdictKey) {
        switch outcome {
        case .success:
            verdicts.remember(.success(()), for: key, at: time.now(), lasting: configuration.positiveTTL)
        case .failure(let failure) where !failure.isError && configuration.negativeTTL > .zero:
            verdicts.remember(.failure(failure), for: key, at: time.now(), lasting: configuration.negativeTTL)
        case .failure:
            break
        }
    }

    // MARK: Verifying

    /// Looks for signatures wherever the requirement lets them lie, and stops as soon as it is met.
    private func verify(
        _ image: Digest, in repository: Repository, _ requirement: Requirement
    ) async -> Result<[Claims], VerificationFailure> {
        var evaluation = Evaluation(requirement, image: image, in: repository)
        let deadline = time.now() + configuration.checkLimit
        let budgets = evaluation.repositories.map { ($0, CandidateBudget()) }
        for round in rounds(evaluation.repositories, requirement.forms) {
            let (stream, found) = AsyncStream.makeStream(of: (spot: Spot, found: Found).self)
            let searches = budgets.flatMap { repository, budget in
                round.filter { $0.repository == repository }.map { spot in
                    CandidateSearch(
                        source: source, repository: repository, place: spot.place, image: image,
                        forms: requirement.forms, deadline: deadline, budget: budget,
                        report: { found.yield((spot, $0)) })
                }
            }

            // Nobody awaits the search: once the requirement is met by what one place gave, the others may take their
            // time to notice that they are cancelled.
            let searching = Task {
                await withTaskGroup(of: Void.self) { group in
                    for search in searches { group.addTask { await search.run() } }
                }
                found.finish()
            }
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
