import HTTPClient
import OCI
import Synchronization

/// Reads from registries. Nothing that it returns is believed before its bytes hash to its digest.
///
/// Source: OCI Distribution 1.1; spec/registry.md.
public final class RegistryClient: Sendable {
    let session: RegistrySession
    /// What is tried before the server's own credentials.
    let keychain: Keychain
    public let limits: RegistryLimits

    /// - Parameter observer: told of each request; called on whatever thread the request ended.
    public convenience init(
        http: HTTPClient, configuration: RegistryConfiguration,
        observer: (@Sendable (RegistryObservation) -> Void)? = nil
    ) {
        self.init(transport: http, configuration: configuration, observer: observer)
    }

    init(
        transport: any Transport, configuration: RegistryConfiguration,
        observer: (@Sendable (RegistryObservation) -> Void)? = nil, surroundings: Surroundings = Surroundings(),
        runHelper: CredentialStore.Runner? = nil
    ) {
        limits = configuration.limits
        session = RegistrySession(
            transport: transport, configuration: configuration, observer: observer, surroundings: surroundings,
            runHelper: runHelper)
        keychain = .empty
    }

    private init(_ client: RegistryClient, keychain: Keychain) {
        session = client.session
        limits = client.limits
        self.keychain = keychain
    }

    /// The same client, connections and bounds, for somebody who brings credentials.
    ///
    /// Those that match a repository are tried first, in their order, and then the server's own. What is found out with
    /// them is not for everybody: see ``Keychain/Scope``.
    public func opened(with keychain: Keychain) -> RegistryClient { RegistryClient(self, keychain: keychain) }

    /// Takes over the server's own pull secrets, which are tried before its Docker configuration.
    public func useServerKeychain(_ keychain: Keychain) { session.useServerKeychain(keychain) }

    /// Fetches a manifest, and computes its digest over the bytes that came.
    ///
    /// - Throws: ``RegistryFailure``; `digestMismatch` when the bytes are not those of the digest that was asked for, or
    ///   that the registry says they have.
    public func manifest(
        _ reference: ManifestReference, in repository: Repository, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> FetchedManifest {
        let what = "\(repository)\(reference.suffix)"
        let response = try await session.get(
            RegistryRequest(
                repository: repository, path: "/v2/\(repository.path)/manifests/\(reference)", what: what,
                accept: MediaType.acceptedManifests, maximumBytes: limits.manifestBytes.value,
                limit: limits.manifestBytes, deadline: deadline), with: keychain)
        try response.expectSuccess(host: repository.registry, what: what)

        // (1) The digest is what the bytes hash to.
        let digest = Digest(of: response.body)
        if case .digest(let expected) = reference, expected != digest {
            throw .digestMismatch(what: what, expected: expected, computed: digest)
        }

        // (2) The header is a hint, and one that lies is a registry, or somebody before it, that does.
        if let header = response.first("docker-content-digest"), let claimed = try? Digest(parsing: header),
            claimed != digest
        {
            throw .digestMismatch(what: what, expected: claimed, computed: digest)
        }

        // (3) The bytes mean one thing only.
        do throws(ManifestError) {
            let contentType = response.first("content-type")
            let manifest = try Manifest(parsing: response.body, contentType: contentType)
            return FetchedManifest(bytes: response.body, digest: digest, contentType: contentType, manifest: manifest)
        } catch {
            throw RegistryFailure(error, what: what)
        }
    }

    /// Fetches the content that `descriptor` names, of the size that it states.
    ///
    /// - Parameters:
    ///   - limit: the most bytes to read; a larger descriptor is an error before anything is asked.
    ///   - setting: the operator's name for `limit`.
    /// - Throws: ``RegistryFailure``.
    public func blob(
        _ descriptor: Descriptor, in repository: Repository, limit: Int, setting: String? = nil,
        deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [UInt8] {
        let what = "\(repository)@\(descriptor.digest)"
        guard descriptor.size <= limit else { throw .tooLarge(what: what, limit: limit, setting: setting) }
        // An answer that says no may be longer than a small blob.
        let response: RegistryResponse
        do throws(RegistryFailure) {
            response = try await session.get(
                RegistryRequest(
                    repository: repository, path: "/v2/\(repository.path)/blobs/\(descriptor.digest)", what: what,
                    accept: ["*/*"], maximumBytes: max(descriptor.size, RegistryLimits.maximumSmallAnswer), limit: nil,
                    deadline: deadline), with: keychain)
        } catch .tooLarge {
            // No limit of ours is in the way, which somebody could raise.
            throw .malformed(what: what, reason: "it is longer than the \(descriptor.size) bytes of its descriptor")
        }
        try response.expectSuccess(host: repository.registry, what: what)
        guard response.body.count == descriptor.size else {
            throw .malformed(
                what: what, reason: "it has \(response.body.count) bytes, and its descriptor says \(descriptor.size)")
        }
        let digest = Digest(of: response.body)
        guard digest == descriptor.digest else {
            throw .digestMismatch(what: what, expected: descriptor.digest, computed: digest)
        }
        return response.body
    }

    /// Fetches the content that `descriptor` names, within one of the client's own ``limits``.
    public func blob(
        _ descriptor: Descriptor, in repository: Repository, limit: RegistryLimits.Bound,
        deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> [UInt8] {
        try await blob(descriptor, in: repository, limit: limit.value, setting: limit.setting, deadline: deadline)
    }
}

/// What a manifest is asked for by.
public enum ManifestReference: Sendable, Hashable, CustomStringConvertible {
    case tag(String)
    case digest(Digest)

    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): digest.description
        }
    }

    /// As in a reference: `:tag` or `@digest`.
    var suffix: String {
        switch self {
        case .tag(let tag): ":" + tag
        case .digest(let digest): "@" + digest.description
        }
    }
}

/// A manifest's bytes, with the digest that was computed over them.
public struct FetchedManifest: Sendable {
    public let bytes: [UInt8]
    public let digest: Digest
    /// The response's `Content-Type`.
    public let contentType: String?
    /// What the bytes say.
    public let manifest: Manifest
}
