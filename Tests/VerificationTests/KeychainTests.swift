import HTTPClient
import JSON
import LocalRegistry
import OCI
import OpenSSL
import Registry
import Testing

@testable import Verification

/// What is found out with somebody's credentials is told to those alone who bring the same.
@Suite struct KeychainTests {
    static let basic = Authentication.basic(user: "ann", password: "right")

    static func keychain(_ host: String, _ password: String, user: String = "ann") throws -> Keychain {
        let auth = Base64.encode(Array("\(user):\(password)".utf8))
        return Keychain([try DockerConfig(parsing: Array(#"{"auths":{"\#(host)":{"auth":"\#(auth)"}}}"#.utf8))])
    }

    private let world: LiveWorld
    private let image: Digest
    private let right: Keychain
    private let wrong: Keychain

    init() throws {
        world = try LiveWorld()
        image = world.registry.pushImage(to: world.repository, tag: "v1")
        try world.alice.signAsCosign2(image, in: world.repository, of: world.registry)
        right = try Self.keychain(world.registry.host, "right")
        wrong = try Self.keychain(world.registry.host, "wrong")
    }

    private func check(_ keychain: Keychain, _ suffix: String = ":v1") async throws -> CheckResult {
        await world.verifier.check(
            try world.reference(suffix), try world.requirement(), with: keychain, pinned: true,
            deadline: .now + .seconds(30))
    }

    private func remembered(_ keychain: Keychain, _ suffix: String = ":v1") throws -> CheckResult? {
        world.verifier.remembered(
            try world.reference(suffix), try world.requirement(), with: keychain, pinned: true)
    }

    private static let authentications: [Authentication] = [
        basic, .bearer(TokenRules(user: "ann", password: "right", allowsAnonymousPull: false)),
    ]

    @Test(arguments: authentications)
    func credentialsOfOthersOpenNothing(_ authentication: Authentication) async throws {
        world.registry.behaviour.authentication = authentication
        #expect(try await check(right).pinnable == image)

        // Not from the memory of verdicts, tags or tokens, by tag or by digest.
        for keychain in [wrong, .empty] {
            for suffix in [":v1", "@\(image)"] {
                #expect(try remembered(keychain, suffix) == nil)
                let failure = try await check(keychain, suffix).failure
                guard case .registry(.denied)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
            }
            #expect(world.verifier.remembered(try world.reference(":v1"), nil, with: keychain, pinned: true) == nil)
        }

        // Whoever brings the same is told from memory, wherever it comes from.
        world.registry.resetCounts()
        let same = try Self.keychain(world.registry.host, "right")
        #expect(try remembered(same)?.pinnable == image)
        #expect(try await check(same, "@\(image)").fromCache)
        #expect(world.registry.counts.isEmpty)
    }

    @Test func flightsAreNotSharedWithThoseWhoBringSomethingElse() async throws {
        world.registry.behaviour.authentication = Self.basic
        let keychains = (0..<30).map { $0.isMultiple(of: 3) ? right : $0.isMultiple(of: 2) ? wrong : Keychain.empty }
        let (verifier, reference) = (world.verifier, try world.reference(":v1"))
        let requirement = try world.requirement()
        let results = await withTaskGroup(of: (Int, Digest?).self) { group in
            for (index, keychain) in keychains.enumerated() {
                group.addTask {
                    let result = await verifier.check(
                        reference, requirement, with: keychain, pinned: true, deadline: .now + .seconds(30))
                    return (index, result.pinnable)
                }
            }
            return await group.reduce(into: [Int: Digest?]()) { $0[$1.0] = .some($1.1) }
        }
        for (index, keychain) in keychains.enumerated() {
            #expect(results[index] == .some(keychain == right ? image : nil))
        }
    }

    @Test func whatTheServerFoundOutIsForEverybody() async throws {
        #expect(try await check(.empty).pinnable == image)
        world.registry.resetCounts()
        for keychain in [right, wrong] {
            #expect(try remembered(keychain)?.pinnable == image)
            #expect(try await check(keychain).fromCache)
        }
        #expect(world.registry.counts.isEmpty)
    }

    @Test func whatTheServerCouldNotFindSomebodyMay() async throws {
        world.registry.pushImage(to: world.repository, tag: "unsigned")
        #expect(try await check(.empty, ":unsigned").failure == .signatureNotFound)
        #expect(try remembered(.empty, ":unsigned")?.failure == .signatureNotFound)
        #expect(try remembered(right, ":unsigned") == nil)
        #expect(try await check(right, ":unsigned").failure == .signatureNotFound)
        #expect(try remembered(right, ":unsigned")?.failure == .signatureNotFound)
    }

    @Test func whatDoesNotMatchMakesNoDifference() async throws {
        let other = try Self.keychain("elsewhere.example", "right")
        #expect(try await check(other).pinnable == image)
        #expect(try remembered(.empty)?.pinnable == image)
    }

    @Test func signaturesInAnotherRegistry() async throws {
        let elsewhere = try LocalRegistry(behaviour: Behaviour(authentication: Self.basic))
        defer { elsewhere.stop() }
        try world.alice.signAsCosign2(image, in: "signatures", of: elsewhere)
        let attestor = KeyAttestor(
            key: world.alice.key.publicKey, repository: try Repository(parsing: elsewhere.host + "/signatures"))
        let requirement = try Requirement(attestorSets: [AttestorSet(entries: [.key(attestor)])])
        let theirs = try Self.keychain(elsewhere.host, "right")
        let reference = try world.reference(":v1")
        func check(_ keychain: Keychain) async -> Digest? {
            await world.verifier.check(
                reference, requirement, with: keychain, pinned: true, deadline: .now + .seconds(30)
            ).pinnable
        }
        #expect(await check(.empty) == nil)
        #expect(await check(theirs) == image)
        #expect(await check(.empty) == nil)
        #expect(await check(right) == nil)
        #expect(world.verifier.remembered(reference, requirement, with: theirs, pinned: true)?.pinnable == image)
    }

    @Test func contentsAreOpenedToo() async throws {
        world.registry.behaviour.authentication = Self.basic
        let reference = try world.reference(":v1")
        await #expect(throws: VerificationFailure.self) {
            try await world.verifier.contents(of: reference, deadline: .now + .seconds(30))
        }
        let contents = try await world.verifier.contents(of: reference, with: right, deadline: .now + .seconds(30))
        #expect(contents.digest == image)
        let inspection = await world.verifier.inspect(
            image, in: reference.repository, try world.requirement(), with: right, deadline: .now + .seconds(30))
        #expect(inspection.places.contains { !$0.pieces.isEmpty })
    }
}
