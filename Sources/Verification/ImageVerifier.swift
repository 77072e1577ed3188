import OCI
import Registry
import Synchronization

/// Resolves images and verifies them against requirements, and remembers what it found.
///
/// Verdicts are remembered by (repository, digest, requirement) and never by tag. Checks of the same thing share one
/// flight; a caller whose deadline passes leaves, and the flight goes on into the memory.
///
/// Askers may bring a ``Keychain``. What was found out with the server's own credentials, or with none, is good for
/// everybody; what took somebody's keychain is told to those alone who bring the same credentials.
public final class ImageVerifier: Sendable {
    let source: any ImageSource
    let configuration: Configuration
    let time: Timekeeper
    let verdicts: Memory<VerdictKey, Result<Void, VerificationFailure>>
    /// The statements of images that met requirements which ask for attestations.
    let statements: Memory<VerdictKey, [AttestationFindings]>
    let tags: Memory<TaggedName, Digest>
    /// Where the signatures of a repository's images were the last time.
    let habits = Memory<Repository, Place>(capacity: 10_000)
    let resolutions: Flights<TaggedName, Result<Digest, VerificationFailure>>
    let checks: Flights<CheckKey, Finding>
    private let hits = Atomic(0)
    private let misses = Atomic(0)

    public convenience init(registry: RegistryClient, configuration: Configuration = Configuration()) {
        self.init(source: registry, configuration: configuration)
    }

    public init(
        source: any ImageSource, configuration: Configuration = Configuration(), time: Timekeeper = .system
    ) {
        self.source = source
        self.configuration = configuration
        self.time = time
        let size = configuration.positiveTTL > .zero ? configuration.size : 0
        verdicts = Memory(capacity: size)
        statements = Memory(
            capacity: size, budget: configuration.statementBytes, maximumCost: configuration.maximumStatementBytes)
        tags = Memory(capacity: configuration.remembersTags ? configuration.tags : 0)
        resolutions = Flights(limit: configuration.maximumFlights)
        checks = Flights(limit: configuration.maximumFlights)
    }

    public var statistics: Statistics {
        Statistics(
            hits: hits.load(ordering: .relaxed), misses: misses.load(ordering: .relaxed),
            entries: verdicts.count + statements.count,
            flights: resolutions.count + checks.count)
    }

    // MARK: From memory

    /// The answer, if it is remembered or needs no asking. Synchronous and quick: an event loop may call it.
    ///
    /// - Parameters:
    ///   - requirement: nil where the digest alone is wanted.
    ///   - keychain: what the asker brings.
    ///   - pinned: whether the digest will be written into the object. Only then may a tag be resolved from memory:
    ///     otherwise a node would pull whatever the tag means by then.
    public func remembered(
        _ reference: ImageReference, _ requirement: Requirement?, with keychain: Keychain = .empty, pinned: Bool
    ) -> CheckResult? {
        let now = time.now()
        let brought = Brought(keychain, for: reference.repository, requirement)
        guard let image = knownImage(reference, brought, pinned: pinned, at: now) else { return nil }
        guard let requirement else { return unrequired(image, fromCache: reference.digest == nil, since: now) }
        return remembered(image, requirement, brought, at: now)
    }

    private func remembered(
        _ image: ResolvedImage, _ requirement: Requirement, _ brought: Brought, at now: ContinuousClock.Instant
    ) -> CheckResult? {
        guard let verdict = known(image, requirement, brought, at: now) else { return nil }
        hits.add(1, ordering: .relaxed)
        let outcome = verdict.map { attestations in
            PinnableImage(verified: VerifiedImage(image: image, claims: nil, attestations: attestations))
        }
        return CheckResult(outcome: outcome, digest: image.digest, fromCache: true, duration: .zero)
    }

    /// What is remembered for everybody, if the image passed; else what is for those who bring the same.
    ///
    /// What the server cannot find somebody's credentials may, so that its failures are not theirs.
    private func known(
        _ image: ResolvedImage, _ requirement: Requirement, _ brought: Brought, at now: ContinuousClock.Instant
    ) -> Result<[AttestationFindings], VerificationFailure>? {
        let open = known(Self.key(image, requirement, .server), requirement, at: now)
        guard !brought.forAll.isEmpty else { return open }
        if case .success? = open { return open }
        return known(Self.key(image, requirement, brought.forAll.scope), requirement, at: now)
    }

    /// The image by the digest that its reference holds, or that its tag is remembered to stand for.
    private func knownImage(
        _ reference: ImageReference, _ brought: Brought, pinned: Bool, at now: ContinuousClock.Instant
    ) -> ResolvedImage? {
        if let digest = reference.digest { return ResolvedImage(reference: reference, digest: digest) }
        guard pinned, var name = Self.name(reference) else { return nil }
        var digest = tags.value(for: name, at: now)
        if digest == nil, !brought.forImage.isEmpty {
            name.scope = brought.forImage.scope
            digest = tags.value(for: name, at: now)
        }
        return digest.map { ResolvedImage(reference: reference, digest: $0) }
    }

    // MARK: With the registry

    /// Resolves an image and verifies that very digest.
    ///
    /// - Parameters:
    ///   - requirement: nil where the digest alone is wanted.
    ///   - keychain: what the asker brings: tried where it matches, before the server's own credentials.
    ///   - pinned: as for ``remembered(_:_:with:pinned:)``.
    ///   - deadline: when the caller leaves, with ``VerificationFailure/timedOut``. The check goes on.
    public func check(
        _ reference: ImageReference, _ requirement: Requirement?, with keychain: Keychain = .empty, pinned: Bool,
        deadline: ContinuousClock.Instant
    ) async -> CheckResult {
        let start = time.now()

        // (1) Where only a digest is wanted, resolving is all.
        guard let requirement else {
            do {
                let image = try await resolve(reference, pinned: pinned, with: keychain, deadline: deadline)
                return unrequired(image, fromCache: false, since: start)
            } catch {
                return failed(error, since: start)
            }
        }

        // (2) A digest in the reference is the image: no tag is ever asked for beside it.
        let brought = Brought(keychain, for: reference.repository, requirement)
        if let image = knownImage(reference, brought, pinned: pinned, at: start) {
            return await check(image, requirement, with: keychain, deadline: deadline)
        }

        // (3) Otherwise the tag is resolved once, and what it gave is verified, in one flight.
        guard let name = Self.name(reference) else { return failed(.signatureNotFound, since: start) }
        misses.add(1, ordering: .relaxed)
        guard let flight = check(name, requirement, brought) else { return failed(.overloaded, since: start) }
        guard let finding = await flight.value(before: deadline, by: time) else {
            return failed(.timedOut, since: start)
        }
        return result(finding, for: reference, since: start)
    }

    /// Verifies an image that was resolved before.
    ///
    /// With ``resolve(_:pinned:with:deadline:)`` it lets several requirements be checked on one and the same digest.
    public func check(
        _ image: ResolvedImage, _ requirement: Requirement?, with keychain: Keychain = .empty,
        deadline: ContinuousClock.Instant
    ) async -> CheckResult {
        let start = time.now()
        guard let requirement else { return unrequired(image, fromCache: false, since: start) }
        let brought = Brought(keychain, for: image.reference.repository, requirement)
        if let result = remembered(image, requirement, brought, at: start) { return result }
        misses.add(1, ordering: .relaxed)
        guard
            let flight = check(
                Self.key(image, requirement, brought.forAll.scope), requirement, brought.forAll)
        else {
            return failed(.overloaded, image.digest, since: start)
        }
        guard let finding = await flight.value(before: deadline, by: time) else {
            return failed(.timedOut, image.digest, since: start)
        }
        return result(finding, for: image.reference, since: start)
    }

    /// Resolves an image, and verifies nothing.
    ///
    /// - Parameters:
    ///   - pinned: as for ``remembered(_:_:with:pinned:)``.
    ///   - keychain: what the asker brings.
    /// - Throws: ``VerificationFailure/registry(_:)``, ``VerificationFailure/timedOut`` or
    ///   ``VerificationFailure/overloaded``.
    public func resolve(
        _ reference: ImageReference, pinned: Bool, with keychain: Keychain = .empty, deadline: ContinuousClock.Instant
    ) async throws(VerificationFailure) -> ResolvedImage {
        let brought = Brought(keychain, for: reference.repository, nil)
        if let image = knownImage(reference, brought, pinned: pinned, at: time.now()) { return image }
        guard let name = Self.name(reference), let flight = resolution(of: name, brought.forImage) else {
            throw .overloaded
        }
        guard let digest = await flight.value(before: deadline, by: time) else { throw .timedOut }
        return ResolvedImage(reference: reference, digest: try digest.get())
    }

    // MARK: Results

    private func result(
        _ finding: Finding, for reference: ImageReference, since start: ContinuousClock.Instant
    ) -> CheckResult {
        switch finding {
        case .failed(let failure, let digest):
            return failed(failure, digest, since: start)
        case .verified(let digest, let proof):
            let image = VerifiedImage(
                image: ResolvedImage(reference: reference, digest: digest), claims: proof.claims,
                attestations: proof.attestations)
            return CheckResult(
                outcome: .success(PinnableImage(verified: image)),
                digest: digest, fromCache: false, duration: time.now() - start)
        }
    }

    private func unrequired(
        _ image: ResolvedImage, fromCache: Bool, since start: ContinuousClock.Instant
    ) -> CheckResult {
        CheckResult(
            outcome: .success(PinnableImage(withoutRequirement: image)), digest: image.digest, fromCache: fromCache,
            duration: time.now() - start)
    }

    private func failed(
        _ failure: VerificationFailure, _ digest: Digest? = nil, since start: ContinuousClock.Instant
    ) -> CheckResult {
        CheckResult(outcome: .failure(failure), digest: digest, fromCache: false, duration: time.now() - start)
    }

    private static func key(
        _ image: ResolvedImage, _ requirement: Requirement, _ scope: Keychain.Scope
    ) -> VerdictKey {
        VerdictKey(
            repository: image.reference.repository, digest: image.digest, requirement: requirement.fingerprint,
            scope: scope)
    }

    /// nil only for a reference with a digest, which needs no tag.
    private static func name(_ reference: ImageReference) -> TaggedName? {
        reference.tag.map { TaggedName(repository: reference.repository, tag: $0) }
    }
}
