import HTTPClient
import JSON
import LocalRegistry
import OCI
import OpenSSL
import Policy
import Registry
import Synchronization
import Testing

@testable import Admission
@testable import Verification

/// Images that open with the pull secrets of the Pod's own namespace.
@Suite("Pull secrets and the evaluator")
struct PullSecretsTests {
    /// Keychains by namespace, and what was asked.
    private final class Secrets: PullSecrets {
        struct State {
            var keychains: [String: Keychain] = [:]
            /// What is read only when it is asked for anew.
            var fresh: [String: Keychain] = [:]
            var remembered: Set<String> = []
            var asked: [String] = []
        }

        let state = Mutex(State())
        let ownNamespace = "countersign"

        var asked: [String] { state.withLock { $0.asked } }

        func remembered(_ names: PullSecretNames) -> Keychain? {
            state.withLock { state in
                state.remembered.contains(names.namespace) ? state.keychains[names.namespace] ?? .empty : nil
            }
        }

        func keychain(_ names: PullSecretNames, anew: Bool) async -> Keychain {
            state.withLock { state in
                state.asked.append(names.namespace + (anew ? " anew" : ""))
                if anew, let fresh = state.fresh[names.namespace] { state.keychains[names.namespace] = fresh }
                state.remembered.insert(names.namespace)
                return state.keychains[names.namespace] ?? .empty
            }
        }
    }

    private let registry: LocalRegistry
    private let secrets = Secrets()
    private let signer: Signer
    private let evaluator: Evaluator

    init() throws {
        registry = try LocalRegistry(
            behaviour: Behaviour(authentication: .basic(user: "ann", password: "right")))
        signer = try Signer(key: PrivateKey.generate())
        for tag in ["a", "b"] {
            let image = registry.pushImage(to: "app", tag: tag)
            try signer.signAsCosign2(image, in: "app", of: registry)
        }
        let http = try HTTPClient(HTTPClient.Configuration())
        evaluator = Evaluator(
            policies: try Samples.snapshot(
                Samples.policy(images: "\(registry.host)/*", key: signer.key.publicKey)),
            verifier: ImageVerifier(registry: RegistryClient(http: http, configuration: RegistryConfiguration())),
            pullSecrets: secrets)
        let (right, wrong) = (try keychain("right"), try keychain("wrong"))
        secrets.state.withLock { $0.keychains = ["team": right, "other": wrong] }
    }

    private func keychain(_ password: String) throws -> Keychain {
        let auth = Base64.encode(Array("ann:\(password)".utf8))
        return Keychain([
            try DockerConfig(parsing: Array(#"{"auths":{"\#(registry.host)":{"auth":"\#(auth)"}}}"#.utf8))
        ])
    }

    private func request(_ namespace: String, tag: String = "a", kind: String = "Pod") throws -> AdmissionRequest {
        try Samples.review(["\(registry.host)/app:\(tag)"], kind: kind, namespace: namespace)
    }

    private func denial(_ namespace: String, tag: String = "a") async throws -> String? {
        await evaluator.evaluate(
            try request(namespace, tag: tag), phase: .mutate, deadline: .now + .seconds(30)
        ).verdict.denial
    }

    @Test("The namespace's own secrets open the registry, and no other's do")
    func namespaces() async throws {
        #expect(try await denial("team") == nil)
        #expect(try await denial("other")?.contains("denies access") == true)
        #expect(try await denial("none")?.contains("denies access") == true)
        #expect(try await denial("team") == nil)
        #expect(secrets.asked.filter { $0.hasPrefix("team") } == ["team"])
    }

    @Test("What is remembered is answered in place, without asking for secrets again")
    func warm() async throws {
        #expect(try await denial("team") == nil)
        secrets.state.withLock { $0.asked = [] }
        guard case .decided(let outcome) = evaluator.begin(try request("team"), phase: .mutate) else {
            Issue.record("something was asked")
            return
        }
        #expect(outcome.verdict.isAllowed && outcome.verdict.patch.operations.count == 1)
        #expect(secrets.asked.isEmpty)
        secrets.state.withLock { $0.remembered = [] }
        guard case .open = evaluator.begin(try request("team"), phase: .mutate) else {
            Issue.record("a verdict was given to somebody who may have lost the secret")
            return
        }
    }

    @Test("What the server itself may read needs nobody's secrets")
    func open() async throws {
        registry.behaviour.authentication = .none
        #expect(await evaluator.verifier.isVerified(try request("none"), evaluator))
        secrets.state.withLock { $0.asked = [] }
        for namespace in ["team", "other", "none"] {
            guard case .decided(let outcome) = evaluator.begin(try request(namespace), phase: .mutate) else {
                Issue.record("something was asked for \(namespace)")
                continue
            }
            #expect(outcome.verdict.isAllowed)
        }
        #expect(secrets.asked.isEmpty)
    }

    @Test("Secrets are read once more where a registry denies access, and their problems are told")
    func denied() async throws {
        secrets.state.withLock { $0.keychains["late"] = Keychain([], problems: ["pull secret late/a does not exist"]) }
        let denial = try await denial("late")
        #expect(denial?.contains("denies access") == true)
        #expect(denial?.contains("; pull secret late/a does not exist") == true)
        #expect(secrets.asked == ["late", "late anew"])

        let right = try keychain("right")
        secrets.state.withLock { $0.fresh["late"] = right }
        #expect(try await self.denial("late") == nil)
        #expect(try await self.denial("late", tag: "b") == nil)
    }

    @Test("A rule may name secrets of the server's own namespace, which come first and are for that rule alone")
    func rules() async throws {
        let entry = ["imageRegistryCredentials: {secrets: [shared]}"]
        let key = signer.key.publicKey
        let policies = try Samples.snapshot(
            Samples.policy("opened", images: "\(registry.host)/*", entry: entry, key: key))
        let opened = Evaluator(policies: policies, verifier: evaluator.verifier, pullSecrets: secrets)
        let right = try keychain("right")
        secrets.state.withLock { $0.keychains["countersign"] = right }
        func denial(_ evaluator: Evaluator, _ namespace: String) async throws -> String? {
            await evaluator.evaluate(
                try request(namespace), phase: .mutate, deadline: .now + .seconds(30)
            ).verdict.denial
        }
        #expect(try await denial(opened, "none") == nil)
        #expect(try await denial(opened, "other") == nil)
        guard case .decided = opened.begin(try request("none"), phase: .mutate) else {
            Issue.record("something was asked again")
            return
        }
        #expect(try await denial(evaluator, "none")?.contains("denies access") == true)

        // Two rules about one image: each with what is its own.
        let both = try Samples.snapshot(
            Samples.policy("opened", images: "\(registry.host)/*", entry: entry, key: key),
            Samples.policy("plain", images: "\(registry.host)/*", key: key))
        let two = Evaluator(policies: both, verifier: evaluator.verifier, pullSecrets: secrets)
        let text = try await denial(two, "none")
        #expect(text?.contains("plain:") == true && text?.contains("opened:") == false)
        #expect(try await denial(two, "team") == nil)

        // Without a cluster they cannot be had, which is said where it matters.
        let alone = Evaluator(
            policies: policies,
            verifier: ImageVerifier(
                registry: RegistryClient(
                    http: try HTTPClient(HTTPClient.Configuration()), configuration: RegistryConfiguration())))
        #expect(try await denial(alone, "none")?.contains("no cluster is there to ask") == true)
    }

    @Test("Objects without images to check ask for nothing")
    func nothingToCheck() async throws {
        let outcome = await evaluator.evaluate(
            try Samples.review(["elsewhere.test/app:1"]), phase: .mutate, deadline: .now + .seconds(30))
        #expect(outcome.verdict.isAllowed)
        #expect(secrets.asked.isEmpty)
    }

    @Test("Secrets that do not come in time are a problem of the check")
    func slow() async throws {
        let access = PullAccess(try request("team").attributes, Slow())
        let keychain = await access.keychain(by: .now + .milliseconds(20))
        #expect(keychain.isEmpty)
        #expect(keychain.problems.first?.contains("did not answer in time") == true)
    }

    @Test("A silent cluster takes no more than a part of the time: what needs no secret is verified in the rest")
    func silent() async throws {
        let silent = Evaluator(policies: evaluator.policies, verifier: evaluator.verifier, pullSecrets: Slow())
        func denial(within time: Duration) async throws -> String? {
            await silent.evaluate(try request("team"), phase: .mutate, deadline: .now + time).verdict.denial
        }
        let denied = try await denial(within: .seconds(3))
        #expect(denied?.contains("denies access") == true)
        #expect(denied?.contains("the cluster did not answer in time") == true)
        registry.behaviour.authentication = .none
        #expect(try await denial(within: .seconds(6)) == nil)
    }

    @Test("What was known a moment ago opens the registry while the cluster is silent")
    func silentAndKnown() async throws {
        let known = Slow(known: try keychain("right"))
        let evaluator = Evaluator(policies: evaluator.policies, verifier: evaluator.verifier, pullSecrets: known)
        let verdict = await evaluator.evaluate(
            try request("team"), phase: .mutate, deadline: .now + .seconds(6)
        ).verdict
        #expect(verdict.isAllowed)
    }

    @Test("A rule that has to ask for facts reads no secrets where the answers are remembered, or there is no question")
    func remembered() async throws {
        let policy = Samples.policy(images: "\(registry.host)/*", key: signer.key.publicKey).replacing(
            "kinds: [Pod]", with: "kinds: [Pod], namespaceSelector: {matchLabels: {env: prod}}")
        let asking = Evaluator(
            policies: try Samples.snapshot(policy), verifier: evaluator.verifier, facts: Labels(), pullSecrets: secrets)
        func verdict(_ request: AdmissionRequest) async -> Verdict {
            await asking.evaluate(request, phase: .mutate, deadline: .now + .seconds(30)).verdict
        }
        #expect(await verdict(try request("team")).isAllowed)
        #expect(secrets.asked == ["team"])
        #expect(await verdict(try request("team")).patch.operations.count == 1)
        #expect(await verdict(try Samples.review(["elsewhere.test/app:1"], namespace: "none")).isAllowed)
        #expect(secrets.asked == ["team"])
    }

    /// Secrets that nobody ever gets to read.
    private struct Slow: PullSecrets {
        let ownNamespace = "countersign"
        var known: Keychain?

        func remembered(_ names: PullSecretNames) -> Keychain? { known }
        func keychain(_ names: PullSecretNames, anew: Bool) async -> Keychain {
            try? await Task.sleep(for: .seconds(60))
            return .empty
        }
    }

    /// Labels that have to be asked for.
    private struct Labels: ClusterFacts {
        func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] { ["env": "prod"] }
        func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
            throw FactFailure(.notFound, name, "there is none")
        }
        func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] { [:] }
        func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles { UserRoles() }
        func object(at path: String) async throws(FactFailure) -> Value {
            throw FactFailure(.notFound, path, "there is none")
        }
    }
}

extension ImageVerifier {
    /// Lets the verifier find out with the server's own credentials.
    fileprivate func isVerified(_ request: AdmissionRequest, _ evaluator: Evaluator) async -> Bool {
        let plain = Evaluator(policies: evaluator.policies, verifier: self)
        return await plain.evaluate(request, phase: .mutate, deadline: .now + .seconds(30)).verdict.isAllowed
    }
}
