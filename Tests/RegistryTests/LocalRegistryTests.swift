import HTTPClient
import LocalRegistry
import OCI
import Synchronization
import Testing

@testable import Registry

/// The client against a registry on a socket, and what it does wrong.
@Suite struct LocalRegistryTests {
    static let http = Result { try HTTPClient(HTTPClient.Configuration()) }

    let registry: LocalRegistry
    let repository: Repository
    let image: Digest

    init() throws {
        registry = try LocalRegistry()
        repository = try Repository(parsing: registry.host + "/demo/app")
        image = registry.pushImage(to: "demo/app", tag: "v1", label: "x")
    }

    func client(
        _ config: String? = nil, observer: (@Sendable (RegistryObservation) -> Void)? = nil
    ) throws -> RegistryClient {
        let dockerConfig = try config.map { try DockerConfig(parsing: Array($0.utf8)) }
        return RegistryClient(
            http: try Self.http.get(), configuration: RegistryConfiguration(dockerConfig: dockerConfig),
            observer: observer)
    }

    func fetch(_ config: String? = nil, within time: Duration = .seconds(30)) async throws -> FetchedManifest {
        try await client(config).manifest(.tag("v1"), in: repository, deadline: .now + time)
    }

    func failure(_ config: String? = nil, within time: Duration = .seconds(30)) async throws -> RegistryFailure? {
        do {
            _ = try await fetch(config, within: time)
            return nil
        } catch let failure as RegistryFailure {
            return failure
        }
    }

    /// Pushes a manifest that refers to `image`.
    func refer(_ label: String) -> Digest {
        let empty = registry.put(blob: Array("{}".utf8), in: "demo/app")
        let subject =
            #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(image)","size":\#(registry.manifest("\(image)", in: "demo/app")?.bytes.count ?? 0)}"#
        let config = #"{"mediaType":"\#(MediaType.ociEmpty)","digest":"\#(empty)","size":2}"#
        let text =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","artifactType":"application/\#(label)","config":\#(config),"layers":[],"subject":\#(subject)}"#
        return registry.put(manifest: Array(text.utf8), in: "demo/app").digest
    }

    // MARK: Reading

    @Test func manifestsAndBlobs() async throws {
        let observations = Mutex<[RegistryObservation.Outcome]>([])
        let client = try client(observer: { observation in observations.withLock { $0.append(observation.outcome) } })
        let byTag = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline)
        #expect(byTag.digest == image)
        let byDigest = try await client.manifest(.digest(image), in: repository, deadline: Sample.deadline)
        #expect(byDigest.bytes == byTag.bytes)
        guard case .image(let manifest) = byTag.manifest else {
            Issue.record("no image")
            return
        }
        let blob = try await client.blob(manifest.config, in: repository, limit: 1_000, deadline: Sample.deadline)
        #expect(Digest(of: blob) == manifest.config.digest)
        // Finding out that the registry has no TLS is not one of them.
        #expect(observations.withLock { $0 } == [.status(200), .status(200), .status(200)])
        #expect(registry.seenRequests.allSatisfy { $0.authorization == nil })
    }

    @Test func indexes() async throws {
        let index = registry.pushIndex(to: "demo/app", tag: "v1")
        let fetched = try await fetch()
        #expect(fetched.digest == index)
        guard case .index(let entries) = fetched.manifest else {
            Issue.record("no index")
            return
        }
        #expect(entries.manifests.count == 2)
    }

    @Test func dockerImages() async throws {
        let docker = registry.pushImage(to: "demo/app", tag: "v1", isDocker: true)
        #expect(try await fetch().digest == docker)
    }

    @Test func absence() async throws {
        let client = try client()
        for reference in [ManifestReference.tag("none"), .digest(Sample.digest)] {
            do {
                _ = try await client.manifest(reference, in: repository, deadline: Sample.deadline)
                Issue.record("found")
            } catch {
                #expect(error.isMissing)
                #expect(error.description.contains("MANIFEST_UNKNOWN"))
            }
        }
    }

    @Test func nobodyListens() async throws {
        registry.stop()
        guard case .unreachable = try await failure() else {
            Issue.record("reached")
            return
        }
    }

    // MARK: Referrers

    @Test(arguments: [nil, 1, 2] as [Int?])
    func referrers(pageSize: Int?) async throws {
        registry.behaviour.referrersPageSize = pageSize
        registry.behaviour.hidesArtifactTypes = true
        let expected = Set(["a", "b", "c", "d", "e"].map(refer))
        let found = try await client().referrers(of: image, in: repository, deadline: Sample.deadline)
        #expect(Set(found.map(\.digest)) == expected && found.count == 5)
    }

    @Test func referrersOfNothing() async throws {
        #expect(try await client().referrers(of: Sample.digest, in: repository, deadline: Sample.deadline).isEmpty)
    }

    static let absences: [Behaviour.ReferrersAPI] =
        [404, 400, 406].map { .absent(status: $0) } + [.notAnIndex]

    @Test(arguments: absences)
    func fallbackTags(api: Behaviour.ReferrersAPI) async throws {
        registry.behaviour.referrers = api
        #expect(try await client().referrers(of: image, in: repository, deadline: Sample.deadline).isEmpty)
        let entry = Sample.descriptor(MediaType.ociManifest, of: [1])
        registry.put(
            manifest: Array(Sample.index([entry]).utf8), mediaType: MediaType.ociIndex, in: "demo/app",
            tag: "sha256-\(image.hex)")
        let found = try await client().referrers(of: image, in: repository, deadline: Sample.deadline)
        #expect(found.map(\.digest) == [Digest(of: [1])])
    }

    // MARK: Authorization

    static func account(_ host: String, password: String = "hunter2") -> String {
        #"{"auths":{"\#(host)":{"username":"u","password":"\#(password)"}}}"#
    }

    @Test func anonymousTokens() async throws {
        registry.behaviour.authentication = .bearer(TokenRules())
        #expect(try await fetch().digest == image)
        #expect(registry.count(.token) == 1 && registry.count(.manifest) == 2)
    }

    @Test func tokensForAPassword() async throws {
        registry.behaviour.authentication = .bearer(
            TokenRules(user: "u", password: "hunter2", allowsAnonymousPull: false, member: .accessToken))
        #expect(try await fetch(Self.account(registry.host)).digest == image)
        guard case .denied = try await failure() else {
            Issue.record("let in")
            return
        }
        let wrong = try #require(try await failure(Self.account(registry.host, password: "hunter3")))
        guard case .denied = wrong else {
            Issue.record("\(wrong)")
            return
        }
        #expect(!wrong.description.contains("hunter3"))
        // A password that is another host's stays at home.
        registry.resetCounts()
        _ = try await failure(Self.account("other.example"))
        #expect(registry.seenRequests.allSatisfy { $0.authorization?.hasPrefix("Basic") != true })
    }

    @Test func identityTokens() async throws {
        registry.behaviour.authentication = .bearer(TokenRules(identityToken: "id", allowsAnonymousPull: false))
        let config = #"{"auths":{"\#(registry.host)":{"identitytoken":"id"}}}"#
        #expect(try await fetch(config).digest == image)
    }

    @Test func endedTokensAreReplaced() async throws {
        registry.behaviour.authentication = .bearer(TokenRules())
        let client = try client()
        for _ in 0..<2 { _ = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline) }
        #expect(registry.count(.token) == 1)
        registry.expireTokens()
        _ = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline)
        #expect(registry.count(.token) == 2)
    }

    @Test func concurrentReadersShareAToken() async throws {
        registry.behaviour.authentication = .bearer(TokenRules())
        let client = try client()
        // The scheme is known, and the token is not.
        registry.behaviour.authentication = .none
        _ = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline)
        registry.behaviour.authentication = .bearer(TokenRules())
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for _ in 0..<12 {
                group.addTask { [repository] in
                    try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline).digest
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(digests == [image])
        // One at a time is fetched; who comes when it has landed finds it.
        #expect(registry.count(.token) == 1)
    }

    @Test func basic() async throws {
        registry.behaviour.authentication = .basic(user: "u", password: "hunter2")
        #expect(try await fetch(Self.account(registry.host)).digest == image)
        guard case .denied = try await failure() else {
            Issue.record("let in")
            return
        }
    }

    /// containerd's CVE-2020-15157: what a registry redirects to gets no credentials.
    @Test func credentialsStayWithTheirOrigin() async throws {
        let storage = try LocalRegistry()
        storage.pushImage(to: "demo/app", tag: "v1", label: "x")
        registry.behaviour.authentication = .basic(user: "u", password: "hunter2")
        registry.behaviour.faults = [Fault(.redirect(toOrigin: "http://\(storage.host)", status: 307), on: [.manifest])]
        #expect(try await fetch(Self.account(registry.host)).digest == image)
        #expect(storage.count(.manifest) == 1)
        #expect(storage.seenRequests.allSatisfy { $0.authorization == nil })
    }

    // MARK: Misbehaviour

    @Test func aLyingHeader() async throws {
        registry.behaviour.faults = [Fault(.wrongDigestHeader, on: [.manifest])]
        guard case .digestMismatch(_, _, let computed) = try await failure() else {
            Issue.record("believed")
            return
        }
        #expect(computed == image)
    }

    @Test func otherContent() async throws {
        let client = try client()
        registry.behaviour.faults = [Fault(.otherContent, on: [.manifest, .blob])]
        await #expect(throws: RegistryFailure.self) {
            try await client.manifest(.digest(image), in: repository, deadline: Sample.deadline)
        }
        let bytes = Array("a payload".utf8)
        let digest = registry.put(blob: bytes, in: "demo/app")
        let descriptor = Descriptor(mediaType: "application/x", digest: digest, size: bytes.count)
        do {
            _ = try await client.blob(descriptor, in: repository, limit: 100, deadline: Sample.deadline)
            Issue.record("believed")
        } catch {
            guard case .digestMismatch(_, digest, _) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    /// Kyverno's CVE-2022-47633: what a tag means changes between two requests. Each answer comes with its own digest,
    /// so whoever verifies one cannot take it for the other.
    @Test func changingAnswers() async throws {
        let other = registry.pushImage(to: "demo/app", label: "evil")
        registry.behaviour.faults = [Fault(.takeTurns([image, other]), on: [.manifest], target: "/manifests/v1")]
        let client = try client()
        var digests: [Digest] = []
        for _ in 0..<2 {
            let fetched = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline)
            #expect(Digest(of: fetched.bytes) == fetched.digest)
            digests.append(fetched.digest)
        }
        #expect(Set(digests) == [image, other])
    }

    static let cuts: [Fault.Effect] = [.truncate(after: 10), .disconnect]

    @Test(arguments: cuts)
    func cutShort(effect: Fault.Effect) async throws {
        _ = try await fetch()
        registry.behaviour.faults = [Fault(effect, on: [.manifest])]
        guard case .unreachable = try await failure() else {
            Issue.record("believed")
            return
        }
    }

    static let endless: [Fault.Effect] = [.endless(statedLength: nil), .endless(statedLength: 5 << 30)]

    /// Kyverno's CVE-2023-42813 and its like: data without end.
    @Test(arguments: endless)
    func endlessBodies(effect: Fault.Effect) async throws {
        registry.behaviour.faults = [Fault(effect, on: [.manifest, .blob])]
        let failure = try #require(try await failure())
        #expect(failure.description.contains("--max-manifest-bytes"))
        let descriptor = Descriptor(mediaType: "application/x", digest: Sample.digest, size: 10)
        await #expect(throws: RegistryFailure.self) {
            try await client().blob(descriptor, in: repository, limit: 100, deadline: Sample.deadline)
        }
    }

    static let stalls: [Fault.Effect] = [.stall, .stallInBody(after: 5)]

    @Test(arguments: stalls)
    func stalling(effect: Fault.Effect) async throws {
        registry.behaviour.faults = [Fault(effect, on: [.manifest])]
        #expect(try await failure(within: .milliseconds(300)) == .timedOut(host: registry.host))
    }

    @Test func cancellation() async throws {
        registry.behaviour.faults = [Fault(.stall, on: [.manifest])]
        let task = Task { try await failure() }
        while registry.count(.manifest) == 0 { await Task.yield() }
        task.cancel()
        #expect(try await task.value == .cancelled)
    }

    @Test func busyServers() async throws {
        registry.behaviour.faults = [
            Fault(.status(429, .tooManyRequests, retryAfter: "0"), on: [.manifest], times: 1),
            Fault(.status(503, .unknown, retryAfter: nil), on: [.manifest], times: 1),
        ]
        #expect(try await fetch().digest == image)
        #expect(registry.count(.manifest) == 3)
        registry.behaviour.faults = [Fault(.status(429, .tooManyRequests, retryAfter: "60"), on: [.manifest])]
        #expect(try await failure() == .rateLimited(host: registry.host, code: "TOOMANYREQUESTS"))
    }

    @Test func redirectsAreBounded() async throws {
        registry.behaviour.faults = [
            Fault(.redirect(toOrigin: "http://\(registry.host)", status: 302), on: [.manifest])
        ]
        let failure = try #require(try await failure())
        #expect(failure.description.contains("redirects more than 5 times"))
        #expect(registry.count(.manifest) == 6)
    }
}
