import OCI
import OpenSSL
import Sigstore
import Testing

@testable import Verification

@Suite struct RequirementTests {
    let alice: PublicKey
    let bob: PublicKey

    init() throws {
        alice = try PrivateKey.generate().publicKey
        bob = try PrivateKey.generate().publicKey
    }

    private func requirement(_ attestors: Attestor..., count: Int? = nil, forms: Requirement.Forms = .any) throws
        -> Requirement
    {
        try Requirement(attestorSets: [AttestorSet(count: count, entries: attestors)], forms: forms)
    }

    private func attestation(_ type: String, _ sets: AttestorSet...) throws -> AttestationRequirement {
        try AttestationRequirement(predicateType: type, attestorSets: sets)
    }

    @Test func whatEverythingWouldSatisfyCannotBeMade() throws {
        #expect(throws: RequirementError.noAttestorSets) { try Requirement(attestorSets: []) }
        #expect(throws: RequirementError.noEntries) { try AttestorSet(entries: []) }
        let entries = [Attestor.key(KeyAttestor(key: alice))]
        for count in [-1, 0, 2] {
            #expect(throws: RequirementError.countOutOfRange(count: count, entries: 1)) {
                try AttestorSet(count: count, entries: entries)
            }
        }
        #expect(try AttestorSet(entries: entries + entries).count == 2)
        let set = try AttestorSet(entries: entries)
        #expect(throws: RequirementError.noAttestorSets) {
            try AttestationRequirement(predicateType: "x", attestorSets: [])
        }
        #expect(throws: RequirementError.noPredicateType) {
            try AttestationRequirement(predicateType: "", attestorSets: [set])
        }
        #expect(throws: RequirementError.signaturePredicateType) {
            try AttestationRequirement(predicateType: "https://sigstore.dev/cosign/sign/v1", attestorSets: [set])
        }
    }

    /// Two requirements that ask for something else must never share a verdict.
    @Test func fingerprintsTellRequirementsApart() throws {
        let repository = try Repository(parsing: "example.com/signatures")
        let plain = Attestor.key(KeyAttestor(key: alice))
        let set = try AttestorSet(entries: [plain])
        let certificates = try CertificateTests.certificates(["leaf", "root"])
        let requirements: [Requirement] = [
            try requirement(plain),
            try requirement(.key(KeyAttestor(key: bob))),
            try requirement(plain, forms: .bundlesOnly),
            try requirement(.key(KeyAttestor(key: alice, hash: .sha256))),
            try requirement(.key(KeyAttestor(key: alice, hash: .sha512))),
            try requirement(.key(KeyAttestor(key: alice, repository: repository))),
            try requirement(.key(KeyAttestor(key: alice, annotations: ["a": "b"]))),
            try requirement(.key(KeyAttestor(key: alice, annotations: ["a": "c"]))),
            try requirement(.key(KeyAttestor(key: alice, annotations: ["ab": ""]))),
            try requirement(.key(KeyAttestor(key: alice, annotations: ["a": "b", "c": "d"]))),
            try requirement(.key(KeyAttestor(key: alice, annotations: ["a": "bc", "d": ""]))),
            try requirement(plain, plain),
            try requirement(plain, plain, count: 1),
            try requirement(.set(set)),
            try requirement(.set(set), plain),
            try requirement(plain, .set(set)),
            try Requirement(attestorSets: [set, set]),
            try requirement(.certificate(CertificateAttestor(certificate: certificates[0], chain: []))),
            try requirement(.certificate(CertificateAttestor(certificate: certificates[1], chain: []))),
            try requirement(.certificate(CertificateAttestor(certificate: nil, chain: certificates))),
            try requirement(.certificate(CertificateAttestor(certificate: nil, chain: [certificates[0]]))),
            try requirement(.certificate(CertificateAttestor(certificate: nil, chain: certificates, hash: .sha512))),
            try Requirement(attestorSets: [], attestations: [attestation("a", set)]),
            try Requirement(attestorSets: [], attestations: [attestation("b", set)]),
            try Requirement(attestorSets: [set], attestations: [attestation("a", set)]),
            try Requirement(attestorSets: [], attestations: [attestation("a", set, set)]),
            try Requirement(attestorSets: [], attestations: [attestation("a", set), attestation("b", set)]),
            try Requirement(attestorSets: [], attestations: [attestation("b", set), attestation("a", set)]),
            try Requirement(attestorSets: [AttestorSet(entries: [plain, .key(KeyAttestor(key: bob))]), set]),
            try Requirement(attestorSets: [set, AttestorSet(entries: [plain, .key(KeyAttestor(key: bob))])]),
        ]
        #expect(Set(requirements.map(\.fingerprint)).count == requirements.count)
        #expect(Set(requirements).count == requirements.count)
    }

    @Test func fingerprintsOfTheSameAreTheSame() throws {
        var one: [String: String] = [:]
        var two: [String: String] = [:]
        for number in 0..<20 { one["key\(number)"] = "\(number)" }
        for number in (0..<20).reversed() { two["key\(number)"] = "\(number)" }
        let again = try PublicKey(pem: alice.pem)
        let first = try requirement(.key(KeyAttestor(key: alice, annotations: one)))
        let second = try requirement(.key(KeyAttestor(key: again, annotations: two)))
        #expect(first.fingerprint == second.fingerprint)
        #expect(first == second)
    }
}

/// Counts and sets, decided by who has signed: spec/verify-images.md, "Attestors".
@Suite struct AttestorTests {
    let keys: [PrivateKey]
    let world: World

    init() throws {
        world = try World()
        keys = try (0..<3).map { _ in try PrivateKey.generate() }
    }

    private func key(_ index: Int) -> Attestor { .key(KeyAttestor(key: keys[index].publicKey)) }

    private func isMet(_ sets: [AttestorSet], signers: [Int]) async throws -> Bool {
        let world = try World()
        try world.signTag(signers.map { (keys[$0], .init(digest: world.digest)) })
        return await world.check(try Requirement(attestorSets: sets)).pinnable == world.digest
    }

    @Test func everyEntryUnlessACountIsGiven() async throws {
        let all = try AttestorSet(entries: [key(0), key(1), key(2)])
        #expect(try await isMet([all], signers: [0, 1, 2]))
        #expect(try await isMet([all], signers: [0, 2]) == false)
        let two = try AttestorSet(count: 2, entries: [key(0), key(1), key(2)])
        #expect(try await isMet([two], signers: [0, 2]))
        #expect(try await isMet([two], signers: [2]) == false)
        #expect(try await isMet([two], signers: [1, 1]) == false)
        let one = try AttestorSet(count: 1, entries: [key(0), key(1)])
        #expect(try await isMet([one], signers: [1]))
        #expect(try await isMet([one], signers: [2]) == false)
    }

    @Test func everySet() async throws {
        let sets = [try AttestorSet(entries: [key(0)]), try AttestorSet(count: 1, entries: [key(1), key(2)])]
        #expect(try await isMet(sets, signers: [0, 2]))
        #expect(try await isMet(sets, signers: [1, 2]) == false)
        #expect(try await isMet(sets, signers: [0]) == false)
    }

    @Test func nestedSetsCountAsOne() async throws {
        let both = try AttestorSet(entries: [key(1), key(2)])
        let either = try AttestorSet(count: 1, entries: [key(0), .set(both)])
        #expect(try await isMet([either], signers: [0]))
        #expect(try await isMet([either], signers: [1, 2]))
        #expect(try await isMet([either], signers: [1]) == false)
        let every = try AttestorSet(entries: [key(0), .set(both)])
        #expect(try await isMet([every], signers: [0, 1]) == false)
        #expect(try await isMet([every], signers: [0, 1, 2]))
    }

    /// As Kyverno counts: an entry is an entry, even where its key is written twice.
    @Test func entriesCountAsWritten() async throws {
        let twice = try AttestorSet(count: 2, entries: [key(0), key(0), key(1)])
        #expect(try await isMet([twice], signers: [0]))
        #expect(try await isMet([twice], signers: [1]) == false)
    }

    @Test func claimsAreInTheOrderOfEntries() async throws {
        try world.signTag([
            (keys[1], .init(digest: world.digest, annotations: #"{"by":"1"}"#)),
            (keys[0], .init(digest: world.digest, annotations: #"{"by":"0"}"#)),
        ])
        let requirement = try Requirement(attestorSets: [AttestorSet(entries: [key(0), key(1)])])
        let claims = try #require(try await world.check(requirement).outcome.get().verified?.claims)
        let texts = claims.map { String(decoding: $0.json(for: ""), as: UTF8.self) }
        #expect(texts.map { $0.contains(#""by":"0""#) } == [true, false])
    }

    /// The nearest miss of the entries that failed, and an entry's own repository.
    @Test func signaturesInAnotherRepository() async throws {
        let elsewhere = try Repository(parsing: "other.example/signatures")
        let there = Attestor.key(KeyAttestor(key: keys[0].publicKey, repository: elsewhere))
        let requirement = try Requirement(attestorSets: [AttestorSet(entries: [there])])
        let signing = World.Signing(digest: world.digest)

        try world.signTag([(keys[0], signing)])
        #expect(await world.check(requirement).failure == .signatureNotFound)
        try world.signTag([(keys[1], signing)], in: "other.example/signatures")
        world.time.advance(by: .seconds(11))
        #expect(await world.check(requirement).failure == .signature(.signatureMismatch))
        try world.signTag([(keys[0], signing)], in: "other.example/signatures")
        world.time.advance(by: .seconds(11))
        #expect(await world.check(requirement).pinnable == world.digest)

        let both = try Requirement(attestorSets: [AttestorSet(entries: [there, key(0)])])
        #expect(await world.check(both).pinnable == world.digest)
        let mixed = try Requirement(attestorSets: [AttestorSet(entries: [there, key(1)])])
        #expect(await world.check(mixed).failure == .signature(.signatureMismatch))
    }

    /// Candidates are fetched once, however many entries look at them.
    @Test func candidatesAreShared() async throws {
        try world.signTag([(keys[0], .init(digest: world.digest))])
        let all = try AttestorSet(entries: [key(0), key(1), key(2), .set(AttestorSet(entries: [key(0)]))])
        _ = await world.check(try Requirement(attestorSets: [all]))
        let requests = world.source.requests
        #expect(Set(requests).count == requests.count)
        #expect(requests.count == 4)
    }
}
