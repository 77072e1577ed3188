import HTTPClient
import JSON
import OCI
import Testing

@testable import Registry

/// What somebody brings to open registries with.
@Suite struct KeychainTests {
    static func keychain(_ entries: (String, String)...) throws -> Keychain {
        let members = entries.map { "\"\($0.0)\":\(DockerConfigTests.auth($0.1))" }.joined(separator: ",")
        return Keychain([try DockerConfigTests.config("{\"auths\":{\(members)}}")])
    }

    static func basic(_ user: String) -> String { "Basic " + Base64.encode(Array("\(user):pw".utf8)) }

    // MARK: What it is

    @Test func whatOpensTheSameIsTheSame() throws {
        let one = try Self.keychain(("a.example", "ann"), ("b.example", "bob"))
        let other = Keychain([
            try DockerConfigTests.config(#"{"auths":{"b.example":\#(DockerConfigTests.auth("bob"))}}"#),
            try DockerConfigTests.config(#"{"auths":{"a.example":\#(DockerConfigTests.auth("ann"))}}"#),
        ])
        #expect(try one.narrowed(to: [Repository(parsing: "a.example/x")]) == Self.keychain(("a.example", "ann")))
        #expect(
            try one.narrowed(to: [Repository(parsing: "a.example/x")])
                == other.narrowed(to: [Repository(parsing: "a.example/y")]))
        #expect(try Self.keychain(("a.example", "ann")) != Self.keychain(("a.example", "amy")))
        #expect(try Self.keychain(("a.example", "ann")) != Self.keychain(("a.example/x", "ann")))
        #expect(try one.narrowed(to: [Repository(parsing: "c.example/x")]).isEmpty)
        #expect(Keychain.empty.scope == .server)
        #expect(one.scope != .server)
        #expect(try one.scope == Self.keychain(("a.example", "ann"), ("b.example", "bob")).scope)
        #expect(try one.scope != Self.keychain(("a.example", "ann"), ("b.example", "amy")).scope)
        // Part of every key of what is remembered.
        #expect(MemoryLayout<Keychain.Scope>.size <= 40)
    }

    @Test func theMostSpecificIsTriedFirst() throws {
        let keychain = Keychain([
            try DockerConfigTests.config(#"{"auths":{"a.example":\#(DockerConfigTests.auth("host"))}}"#),
            try DockerConfigTests.config(#"{"auths":{"a.example":\#(DockerConfigTests.auth("second"))}}"#),
            try DockerConfigTests.config(#"{"auths":{"a.example/org":\#(DockerConfigTests.auth("org"))}}"#),
            try DockerConfigTests.config(#"{"auths":{"https://a.example":\#(DockerConfigTests.auth("host"))}}"#),
        ])
        func users(_ repository: String) throws -> [String] {
            try keychain.credentials(for: Repository(parsing: repository)).map { credentials in
                if case .basic(let user, _) = credentials { user } else { "?" }
            }
        }
        #expect(try users("a.example/org/x") == ["org", "host", "second"])
        #expect(try users("a.example/x") == ["host", "second"])
        #expect(try users("b.example/x") == [])
    }

    @Test func oneBehindAnother() throws {
        let rules = try Self.keychain(("a.example", "rule"))
        let pods = try Self.keychain(("a.example/org", "pod"))
        let both = rules.followed(by: pods)
        #expect(try both.credentials(for: Repository(parsing: "a.example/org/x")).count == 2)
        guard case .basic("rule", _)? = try both.credentials(for: Repository(parsing: "a.example/org/x")).first else {
            Issue.record("the other came first")
            return
        }
        #expect(rules.followed(by: .empty) == rules && Keychain.empty.followed(by: pods) == pods)
        #expect(Keychain([], problems: ["p"]).followed(by: Keychain([], problems: ["q"])).problems == ["p", "q"])
    }

    @Test func entriesAreBoundedAndHelpersDoNotCount() throws {
        let many = (0..<200).map { "\"r\($0).example\":\(DockerConfigTests.auth("u"))" }.joined(separator: ",")
        let keychain = Keychain([try DockerConfigTests.config("{\"auths\":{\(many)}}")], problems: ["p"])
        #expect(keychain.entries.count == Keychain.maximumEntries)
        #expect(keychain.problems == ["p", "only 64 of 200 entries of pull secrets count"])
        let helpers = try DockerConfigTests.config(#"{"credsStore":"x","credHelpers":{"a.example":"y"}}"#)
        #expect(Keychain([helpers]).isEmpty)
    }

    @Test func nothingShowsWhatIsInIt() throws {
        let keychain = try Self.keychain(("a.example", "hunter2"))
        var text = "\(keychain)\(String(reflecting: keychain))"
        dump(keychain, to: &text)
        #expect(text.contains("a.example") && !text.contains("hunter2") && !text.contains("pw"))
    }

    @Test func theOlderForm() throws {
        let legacy = try DockerConfig(parsingLegacy: Array(#"{"a.example":\#(DockerConfigTests.auth("u"))}"#.utf8))
        #expect(try DockerConfigTests.user(legacy, "a.example/x") == "u")
        #expect(throws: DockerConfigError.self) { try DockerConfig(parsingLegacy: Array("[1]".utf8)) }
    }

    // MARK: What is done with it

    /// A registry that lets those in whom it knows, and tells others to show a password.
    static func registry(knowing users: String...) -> FakeTransport {
        FakeTransport { request, _ in
            let isKnown = users.contains {
                request.authorization == basic($0) || ($0 == "" && request.authorization == nil)
            }
            return isKnown ? .answer(200, Sample.manifest) : .challenge("Basic realm=\"x\"")
        }
    }

    func get(_ client: RegistryClient) async throws {
        _ = try await client.manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline)
    }

    @Test func whatIsBroughtComesBeforeTheServersOwn() async throws {
        let transport = Self.registry(knowing: "own", "brought")
        let own = #"{"auths":{"registry.example":\#(DockerConfigTests.auth("own"))}}"#
        let client = Sample.client(transport, try Sample.config(own))
        try await get(client.opened(with: Self.keychain(("registry.example", "brought"))))
        #expect(transport.authorizations == [nil, Self.basic("brought")])
        try await get(client)
        #expect(transport.authorizations.suffix(2) == [nil, Self.basic("own")])
        try await get(client.opened(with: Self.keychain(("other.example", "brought"))))
        #expect(transport.authorizations.last == Self.basic("own"))
    }

    @Test func eachIsTriedAndThenTheServersOwn() async throws {
        let own = #"{"auths":{"registry.example":\#(DockerConfigTests.auth("own"))}}"#
        for known in ["one", "two", "own"] {
            let transport = Self.registry(knowing: known)
            let client = Sample.client(transport, try Sample.config(own))
            let keychain = try Self.keychain(("registry.example/org", "one"), ("registry.example", "two"))
            try await get(client.opened(with: keychain))
            #expect(transport.authorizations.last == Self.basic(known))
        }
        // Public images stay so for those whose password is out of date.
        let transport = Self.registry(knowing: "")
        try await get(Sample.client(transport).opened(with: Self.keychain(("registry.example", "old"))))
    }

    @Test func manyOfAPodDoNotHideTheServersOwn() async throws {
        let transport = Self.registry(knowing: "own")
        let client = Sample.client(transport)
        client.useServerKeychain(try Self.keychain(("registry.example", "own")))
        let many = Keychain(
            try (0..<10).map { index in
                try DockerConfigTests.config(#"{"auths":{"registry.example":\#(DockerConfigTests.auth("u\(index)"))}}"#)
            })
        try await get(client.opened(with: many))
        #expect(transport.authorizations.last == Self.basic("own"))
        #expect(transport.requests.count <= 2 * (RegistryLimits.maximumCredentials + 1))
    }

    @Test func anIdentityTokenThatIsNoLongerGoodMakesRoomForTheNext() async throws {
        let transport = FakeTransport { request, _ in
            if request.url.contains("/token") {
                // As RFC 6749 has it for a refresh token that was revoked.
                if request.method == "POST" { return .answer(400, #"{"error":"invalid_grant"}"#) }
                return request.authorization == Self.basic("ann")
                    ? .answer(200, #"{"token":"anns"}"#) : .answer(401, "")
            }
            return request.authorization == "Bearer anns"
                ? .answer(200, Sample.manifest)
                : .challenge(#"Bearer realm="https://auth.example/token",service="s""#)
        }
        let stale = try DockerConfigTests.config(#"{"auths":{"registry.example":{"identitytoken":"old"}}}"#)
        let good = try DockerConfigTests.config(#"{"auths":{"registry.example":\#(DockerConfigTests.auth("ann"))}}"#)
        try await get(Sample.client(transport).opened(with: Keychain([stale, good])))
        #expect(transport.requests.contains { $0.method == "POST" })
        await #expect(throws: RegistryFailure.self) {
            try await get(Sample.client(transport).opened(with: Keychain([stale])))
        }
    }

    @Test func whenNothingOpensTheRefusalIsTold() async throws {
        let transport = Self.registry(knowing: "nobody")
        let client = try Sample.client(transport).opened(with: Self.keychain(("registry.example", "one")))
        await #expect(throws: RegistryFailure.denied(what: "registry.example/org/app:v1", code: nil)) {
            try await get(client)
        }
        // One that fails for another reason is not a reason to try the next.
        let down = FakeTransport { _, _ in .failure(.timedOut) }
        let slow = try Sample.client(down).opened(with: Self.keychain(("registry.example", "one")))
        await #expect(throws: RegistryFailure.timedOut(host: "registry.example")) { try await get(slow) }
        #expect(down.requests.count == 1)
    }

    @Test func aHelperThatFailsDoesNotHideTheRefusal() async throws {
        let transport = Self.registry(knowing: "nobody")
        let client = Sample.client(
            transport, try Sample.config(#"{"credHelpers":{"registry.example":"x"}}"#),
            runHelper: { _, _ in .failure(.notFound) })
        await #expect(throws: RegistryFailure.denied(what: "registry.example/org/app:v1", code: nil)) {
            try await get(client.opened(with: Self.keychain(("registry.example", "one"))))
        }
    }

    @Test func theServersOwnCanChange() async throws {
        let transport = Self.registry(knowing: "new")
        let client = Sample.client(transport)
        await #expect(throws: RegistryFailure.self) { try await get(client) }
        client.useServerKeychain(try Self.keychain(("registry.example", "new")))
        try await get(client)
        // Also for those who asked with something of their own.
        try await get(client.opened(with: Self.keychain(("registry.example", "old"))))
        client.useServerKeychain(.empty)
        await #expect(throws: RegistryFailure.self) { try await get(client) }
    }

    @Test func tokensAreOfThoseWhoseCredentialsBoughtThem() async throws {
        let transport = FakeTransport { request, _ in
            if request.url.contains("/token") {
                guard request.authorization == Self.basic("ann") else { return .answer(401, "") }
                return .answer(200, #"{"token":"anns"}"#)
            }
            return request.authorization == "Bearer anns"
                ? .answer(200, Sample.manifest)
                : .challenge(#"Bearer realm="https://auth.example/token",service="s""#)
        }
        let client = Sample.client(transport)
        let ann = try client.opened(with: Self.keychain(("registry.example", "ann")))
        let bob = try client.opened(with: Self.keychain(("registry.example", "bob")))
        try await get(ann)
        let before = transport.requests.count
        try await get(ann)
        #expect(transport.requests.count == before + 1)
        await #expect(throws: RegistryFailure.self) { try await get(bob) }
        await #expect(throws: RegistryFailure.self) { try await get(client) }
        #expect(transport.authorizations.dropFirst(before + 1).allSatisfy { $0 != "Bearer anns" })
    }
}
