import HTTPClient
import JSON
import OCI
import Testing
import Waiting

@testable import Registry

@Suite struct AuthorizationTests {
    static let challenge = #"Bearer realm="https://auth.example/token",service="reg",scope="repository:org/app:pull""#
    static let account = #"{"auths":{"registry.example":{"username":"u","password":"hunter2"}}}"#
    static let basic = "Basic " + Base64.encode(Array("u:hunter2".utf8))

    /// A registry that wants `token-N`, N being the newest, and a server that hands them out.
    static func tokenRegistry(
        challenge: String = challenge, tokenAnswer: @escaping @Sendable (Int) -> Answer = { token($0) },
        accepts: @escaping @Sendable (String) -> Bool = { $0.hasPrefix("Bearer token-") }
    ) -> FakeTransport {
        FakeTransport { request, number in
            if request.url.contains("/token") { return tokenAnswer(number) }
            guard let authorization = request.authorization, accepts(authorization) else {
                return .challenge(challenge)
            }
            return .answer(200, Sample.manifest)
        }
    }

    static func token(_ number: Int, expires: String = #","expires_in":300"#) -> Answer {
        .answer(200, #"{"token":"token-\#(number)"\#(expires)}"#)
    }

    static func get(
        _ client: RegistryClient, _ repository: Repository = Sample.repository
    ) async throws(RegistryFailure) {
        _ = try await client.manifest(.tag("v1"), in: repository, deadline: Sample.deadline)
    }

    @Test func anonymousToken() async throws {
        let transport = Self.tokenRegistry()
        try await Self.get(Sample.client(transport))
        #expect(
            transport.urls == [
                ManifestFetchTests.tagURL, "https://auth.example/token?service=reg&scope=repository%3Aorg%2Fapp%3Apull",
                ManifestFetchTests.tagURL,
            ])
        #expect(transport.authorizations == [nil, nil, "Bearer token-1"])
    }

    @Test func passwordsGoToTheTokenServerAndNotToTheRegistry() async throws {
        let transport = Self.tokenRegistry()
        try await Self.get(Sample.client(transport, Sample.config(Self.account)))
        #expect(transport.authorizations == [nil, Self.basic, "Bearer token-1"])
    }

    @Test func identityTokensAreTradedInABody() async throws {
        let transport = Self.tokenRegistry(tokenAnswer: { _ in .answer(200, #"{"access_token":"token-x"}"#) })
        let config = try Sample.config(#"{"auths":{"registry.example":{"identitytoken":"id/+ token"}}}"#)
        try await Self.get(Sample.client(transport, config))
        let request = transport.requests[1]
        #expect(request.method == "POST" && request.url == "https://auth.example/token" && request.authorization == nil)
        #expect(request.maximumRedirects == 0)
        #expect(
            request.form
                == "grant_type=refresh_token&refresh_token=id%2F%2B%20token&client_id=countersign&service=reg"
                + "&scope=repository%3Aorg%2Fapp%3Apull")
        #expect(transport.authorizations.last == "Bearer token-x")
    }

    @Test func tokensAreRememberedUntilTheyEnd() async throws {
        let time = FakeTime()
        let transport = Self.tokenRegistry(tokenAnswer: { Self.token($0, expires: "") })
        let client = Sample.client(transport, time: time)
        try await Self.get(client)
        try await Self.get(client)
        #expect(transport.requests.count == 4)
        #expect(transport.authorizations.last == "Bearer token-1")
        time.advance(by: .seconds(49))
        try await Self.get(client)
        #expect(transport.requests.count == 5)
        // 60 seconds when nothing is said, less the margin of 10.
        time.advance(by: .seconds(1))
        try await Self.get(client)
        #expect(transport.requests.count == 8)
    }

    @Test func tokensAreForOneRepositoryAndOneRegistry() async throws {
        let transport = Self.tokenRegistry(challenge: #"Bearer realm="https://auth.example/token""#)
        let client = Sample.client(transport)
        try await Self.get(client)
        for other in ["registry.example/org/other", "registry2.example/org/app"] {
            let before = transport.requests.count
            try await Self.get(client, Sample.parsed(other))
            #expect(transport.requests.count == before + 3)
            #expect(transport.authorizations[before] == nil)
        }
        #expect(transport.urls.contains("https://auth.example/token?scope=repository%3Aorg%2Fother%3Apull"))
    }

    @Test func aRefusedTokenIsReplacedOnce() async throws {
        let transport = Self.tokenRegistry(accepts: { $0 == "Bearer token-5" })
        let client = Sample.client(transport)
        // token-1 is refused: once is enough for one request.
        await #expect(throws: RegistryFailure.denied(what: "registry.example/org/app:v1", code: nil)) {
            try await Self.get(client)
        }
        #expect(transport.requests.count == 3)
        // The next request shows it again, is refused, and gets another (number 4), which is refused as well.
        await #expect(throws: RegistryFailure.self) { try await Self.get(client) }
        #expect(transport.authorizations[3] == "Bearer token-1")
        #expect(transport.requests.count == 6)
    }

    @Test func concurrentRequestsFetchOneToken() async throws {
        let arrived = Flight<Void>()
        let transport = FakeTransport { request, _ in
            if request.url.contains("/token") {
                _ = await arrived.value(until: Sample.deadline)
                return Self.token(0)
            }
            return request.authorization == nil ? .challenge(Self.challenge) : .answer(200, Sample.manifest)
        }
        let client = Sample.client(transport)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await Self.get(client) } }
            group.addTask {
                // All eight were refused, or are on their way to it, before the one token comes.
                while transport.requests.count < 9 { await Task.yield() }
                arrived.land(())
            }
            try await group.waitForAll()
        }
        #expect(transport.urls.filter { $0.contains("/token") }.count == 1)
        #expect(transport.requests.count == 17)
    }

    @Test func basic() async throws {
        let transport = FakeTransport { request, _ in
            request.authorization == Self.basic ? .answer(200, Sample.manifest) : .challenge("Basic realm=\"x\"")
        }
        let client = Sample.client(transport, try Sample.config(Self.account))
        try await Self.get(client)
        try await Self.get(client)
        #expect(transport.authorizations == [nil, Self.basic, Self.basic])
    }

    @Test func wrongOrNoPasswordIsDeniedWithoutRepetition() async throws {
        let transport = FakeTransport { _, _ in .challenge("Basic realm=\"x\"") }
        let denied = RegistryFailure.denied(what: "registry.example/org/app:v1", code: nil)
        await #expect(throws: denied) { try await Self.get(Sample.client(transport)) }
        #expect(transport.requests.count == 1)
        let client = Sample.client(transport, try Sample.config(Self.account))
        await #expect(throws: denied) { try await Self.get(client) }
        #expect(transport.authorizations == [nil, nil, Self.basic])
        await #expect(throws: denied) { try await Self.get(client) }
        #expect(transport.requests.count <= 5)
    }

    @Test(arguments: ["", "Digest realm=\"x\"", "nonsense \u{7f}"])
    func unknownChallengesAreDenied(challenge: String) async throws {
        let transport = FakeTransport { _, _ in .challenge(challenge) }
        let client = Sample.client(transport, try Sample.config(Self.account))
        await #expect(throws: RegistryFailure.self) { try await Self.get(client) }
        #expect(transport.authorizations == [nil])
    }

    /// containerd's CVE-2020-15157 in our terms: what the registry says must not send credentials anywhere in the clear,
    /// nor us to a port of our own machine.
    @Test(arguments: [
        "http://auth.example/token", "http://registry.example/token", "http://127.0.0.1:8080/token",
        "http://169.254.169.254/token", "ftp://auth.example/token", "https://u:p@auth.example/token", "/token", "",
        "https://auth.example/to ken", "https://auth.example\\@evil/token",
    ])
    func realmsThatAreRefused(realm: String) async throws {
        let transport = Self.tokenRegistry(challenge: "Bearer realm=\"\(realm.replacing("\\", with: "\\\\"))\"")
        for config in [RegistryConfiguration(), try Sample.config(Self.account)] {
            let before = transport.requests.count
            await #expect(throws: RegistryFailure.self) { try await Self.get(Sample.client(transport, config)) }
            #expect(transport.requests.count == before + 1)
        }
    }

    @Test(arguments: ["http://127.0.0.1:9000/token", "http://named.example/token", "https://auth.example/token"])
    func realmsOfAnInsecureRegistry(realm: String) async throws {
        let transport = FakeTransport { request, number in
            if request.url.hasPrefix("https://127.") { return .failure(.tls("no TLS")) }
            if request.url.contains("/token") { return Self.token(number) }
            return request.authorization == nil
                ? .challenge("Bearer realm=\"\(realm)\"") : .answer(200, Sample.manifest)
        }
        let config = RegistryConfiguration(insecureHosts: ["named.example"])
        try await Self.get(Sample.client(transport, config), Sample.parsed("127.0.0.1:5000/org/app"))
        #expect(transport.urls.contains { $0.hasPrefix(realm) })
    }

    static let badTokens: [(Int, String)] = [
        (200, ""), (200, "{}"), (200, #"{"token":""}"#), (200, #"{"token":7}"#), (200, #"{"token":"a\r\nX-Evil: 1"}"#),
        (200, #"{"token":"a b"}"#), (200, #"{"token":"é"}"#),

        (401, ""), (403, ""), (404, ""), (500, ""), (302, ""), (429, ""),
    ]

    @Test(arguments: badTokens)
    func tokensThatAreNone(status: Int, body: String) async throws {
        let transport = Self.tokenRegistry(tokenAnswer: { _ in .answer(status, body) })
        let client = Sample.client(transport, try Sample.config(Self.account))
        do {
            try await Self.get(client)
            Issue.record("accepted")
        } catch {
            #expect(!error.description.contains("hunter2") && !error.description.contains(Self.basic))
            #expect(error.description.contains("auth.example"))
        }
    }

    @Test func tokensAreNotEndless() async {
        let long = #"{"token":"\#(String(repeating: "x", count: RegistryLimits.maximumTokenBytes + 1))"}"#
        let transport = Self.tokenRegistry(tokenAnswer: { _ in .answer(200, long) })
        await #expect(throws: RegistryFailure.self) { try await Self.get(Sample.client(transport)) }
    }

    @Test(arguments: [0, -5, 4, 1_000_000_000_000])
    func oddLifetimes(seconds: Int) async throws {
        let transport = Self.tokenRegistry(tokenAnswer: { Self.token($0, expires: #","expires_in":\#(seconds)"#) })
        let time = FakeTime()
        let client = Sample.client(transport, time: time)
        try await Self.get(client)
        time.advance(by: .seconds(RegistryLimits.maximumTokenLifetime))
        try await Self.get(client)
        #expect(transport.requests.count == 6)
    }

    @Test func aBearerChallengeIsPreferred() async throws {
        let transport = Self.tokenRegistry(challenge: "Basic realm=\"x\", " + Self.challenge)
        try await Self.get(Sample.client(transport, Sample.config(Self.account)))
        #expect(transport.authorizations == [nil, Self.basic, "Bearer token-1"])
    }
}
