import OCI
import Registry

/// What the verifier needs of registries. Whatever is returned hashes to the digest that it is returned under.
public protocol ImageSource: Sendable {
    /// The most that is read of anything, and what an operator calls it.
    var limits: RegistryLimits { get }

    func manifest(
        _ reference: ManifestReference, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> FetchedManifest

    /// The bytes that a descriptor names.
    ///
    /// - Parameter limit: the most bytes that are read; more is an error before anything is asked.
    /// - Parameter setting: the operator's name for `limit`, if it has one.
    func content(
        of descriptor: Descriptor, in repository: Repository, limit: Int, setting: String?,
        deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [UInt8]

    /// The same registries for somebody who brings credentials.
    func with(_ keychain: Keychain) -> any ImageSource

    /// Everything that the registry says refers to an image, of whatever kind.
    func referrers(
        of image: Digest, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [Descriptor]
}

extension ImageSource {
    /// Nobody needs credentials.
    public func with(_ keychain: Keychain) -> any ImageSource { self }
}

extension RegistryClient: ImageSource {
    public func with(_ keychain: Keychain) -> any ImageSource { opened(with: keychain) }

    public func content(
        of descriptor: Descriptor, in repository: Repository, limit: Int, setting: String?,
        deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [UInt8] {
        try await blob(descriptor, in: repository, limit: limit, setting: setting, deadline: deadline)
    }
}

extension RegistryFailure {
    /// Whether the registry could not be asked, or did not say: asking again may go otherwise.
    ///
    /// Source: spec/verify-images.md, "What happens to an image": unreachable, timed out, 5xx, no permission. What it
    /// did say, be it nonsense, is an answer.
    var isUndecided: Bool {
        switch self {
        case .denied, .unreachable, .timedOut, .cancelled, .rateLimited, .serverError, .credentials: true
        case .notFound, .tooLarge, .digestMismatch, .malformed, .unsupported, .refused: false
        }
    }
}
