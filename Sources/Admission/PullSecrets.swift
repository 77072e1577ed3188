import JMESPath
import Policy
import Registry
import Verification

/// Where the pull secrets of Pods are had from.
public protocol PullSecrets: Sendable {
    /// What was read a short while ago; nil when it has to be asked for. Synchronous and quick: an event loop may call
    /// it.
    func remembered(_ names: PullSecretNames) -> Keychain?

    /// What the Secrets hold. What cannot be read is left out, and is among the keychain's problems.
    ///
    /// - Parameter anew: whether nothing that was read before this moment may serve.
    func keychain(_ names: PullSecretNames, anew: Bool) async -> Keychain
}

/// The pull secrets of one request, which are asked for only where a check needs them.
struct PullAccess: Sendable {
    private let request: ResourceAttributes
    private let secrets: (any PullSecrets)?

    init(_ request: ResourceAttributes, _ secrets: (any PullSecrets)?) {
        self.request = request
        self.secrets = secrets
    }

    /// Whether there may be any.
    var isPossible: Bool { secrets != nil }

    /// What is known without asking; nil when somebody has to be asked.
    var remembered: Keychain? {
        guard let secrets, let names = PullSecretNames(request) else { return .empty }
        return secrets.remembered(names)
    }

    /// - Parameter anew: as for ``PullSecrets/keychain(_:anew:)``.
    func keychain(anew: Bool = false, by deadline: ContinuousClock.Instant) async -> Keychain {
        guard let secrets, let names = PullSecretNames(request) else { return .empty }
        let fact = "pull secrets of namespace \(names.namespace)"
        let answer = await FactGathering.answer(to: fact, by: deadline) { () async throws(FactFailure) in
            await secrets.keychain(names, anew: anew)
        }
        switch answer {
        case .success(let keychain): return keychain
        case .failure(let failure): return Keychain([], problems: ["\(failure)"])
        }
    }
}

/// The images that rules' contexts look into, opened with the pull secrets of the request.
struct OpenedImages: ImageMetadataSource {
    let verifier: ImageVerifier
    let access: PullAccess

    func metadata(of text: String, deadline: ContinuousClock.Instant) async throws(RuleFailure) -> Node {
        let keychain = await access.keychain(by: deadline)
        return try await verifier.metadata(of: text, with: keychain, deadline: deadline)
    }
}
