import JMESPath
import Policy
import Registry
import Verification

/// Where the pull secrets of Pods are had from.
public protocol PullSecrets: Sendable {
    /// The server's own namespace, in which the Secrets are that rules name.
    var ownNamespace: String { get }

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

    /// The same for a rule that names Secrets itself, which come before the Pod's.
    func remembered(_ pods: Keychain, behind rules: [String]) -> Keychain? {
        guard !rules.isEmpty else { return pods }
        guard let secrets else { return nil }
        return secrets.remembered(own(rules, of: secrets))?.followed(by: pods)
    }

    /// What opens the images of each check.
    ///
    /// - Parameter anew: as for ``PullSecrets/keychain(_:anew:)``.
    func keychains(of checks: [Check], anew: Bool = false, by deadline: ContinuousClock.Instant) async -> [Keychain] {
        async let asked = keychain(anew: anew, by: deadline)
        let rules = await withTaskGroup(of: ([String], Keychain).self) { tasks in
            for names in Set(checks.map(\.secrets)) where !names.isEmpty {
                tasks.addTask { (names, await self.rules(names, anew: anew, by: deadline)) }
            }
            return await tasks.reduce(into: [[String]: Keychain]()) { $0[$1.0] = $1.1 }
        }
        let pods = await asked
        let byRule = rules.mapValues { $0.followed(by: pods) }
        return checks.map { byRule[$0.secrets] ?? pods }
    }

    private func rules(_ names: [String], anew: Bool, by deadline: ContinuousClock.Instant) async -> Keychain {
        guard let secrets else {
            let list = names.map { printable($0) }.joined(separator: ", ")
            return Keychain([], problems: ["the rule names pull secrets (\(list)), and no cluster is there to ask"])
        }
        return await ask(secrets, own(names, of: secrets), anew: anew, by: deadline)
    }

    private func own(_ names: [String], of secrets: any PullSecrets) -> PullSecretNames {
        PullSecretNames(namespace: secrets.ownNamespace, secrets: names, serviceAccount: "")
    }

    /// What the Pod's own secrets hold.
    func keychain(anew: Bool = false, by deadline: ContinuousClock.Instant) async -> Keychain {
        guard let secrets, let names = PullSecretNames(request) else { return .empty }
        return await ask(secrets, names, anew: anew, by: deadline)
    }

    /// The first read may take this part of the time that there is: most images need no secret, and are verified in the
    /// rest of it, however long the API server is silent.
    private static let share = 4

    private func ask(
        _ secrets: any PullSecrets, _ names: PullSecretNames, anew: Bool, by deadline: ContinuousClock.Instant
    ) async -> Keychain {
        let fact = "pull secrets of namespace \(printable(names.namespace))"
        let now = ContinuousClock.now
        let limit = anew ? deadline : now + (deadline - now) / Self.share
        let answer = await FactGathering.answer(to: fact, by: limit) { () async throws(FactFailure) in
            await secrets.keychain(names, anew: anew)
        }
        switch answer {
        case .success(let keychain): return keychain
        case .failure(let failure):
            // Goes on with what is known.
            return (secrets.remembered(names) ?? .empty).followed(by: Keychain([], problems: ["\(failure)"]))
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
