import Testing

@testable import Registry

@Suite struct EndpointTests {
    @Test(arguments: [
        "localhost", "LOCALHOST:5000", "127.0.0.1", "127.0.0.1:5000", "127.255.0.9:1", "[::1]", "[::1]:5000",
        "named.example", "named.example:8080", "port.example:5000", "[fd00::1]:5000",
    ])
    func plainHTTPIsAllowed(authority: String) {
        let named: Set = ["named.example", "port.example:5000", "[fd00::1]"]
        #expect(Endpoint.allowsPlainHTTP(authority, insecureHosts: named))
        #expect(Endpoint(registry: authority, insecureHosts: named).schemes == [.https, .http])
    }

    @Test(arguments: [
        "registry.example", "docker.io", "port.example", "port.example:5001", "127.example.com",
        "127.0.0.1.example.com",
        "127.0.0", "127.0.0.256", "127.0.0.1234", "127.1", "128.0.0.1", "10.0.0.1", "localhost.example", "mylocalhost",
        "[::2]", "[::11]", "0.0.0.0", "named.example.evil", "evil-named.example", "[fd00::2]:5000", "127.0.0.x",
    ])
    func plainHTTPIsNot(authority: String) {
        let named: Set = ["named.example", "port.example:5000", "[fd00::1]"]
        #expect(!Endpoint.allowsPlainHTTP(authority, insecureHosts: named))
        #expect(Endpoint(registry: authority, insecureHosts: named).schemes == [.https])
    }

    @Test func theHubIsServedElsewhere() {
        let endpoint = Endpoint(registry: "docker.io", insecureHosts: [])
        #expect(endpoint.url(.https, "/v2/") == "https://registry-1.docker.io/v2/")
    }

    @Test func namesOfInsecureHostsIgnoreCase() {
        #expect(RegistryConfiguration(insecureHosts: ["Named.Example"]).insecureHosts == ["named.example"])
    }
}

@Suite struct ChallengeTests {
    @Test func bearer() {
        let value = #"Bearer realm="https://auth.example/token?a=b,c",service="reg",scope="repository:a/b:pull,push""#
        #expect(
            Challenge.parse([value]) == [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example/token?a=b,c", "service": "reg",
                        "scope": "repository:a/b:pull,push",
                    ])
            ])
    }

    static let table: [(String, [Challenge])] = [
        ("", []), (",, ,", []), ("\"", []),
        ("Basic", [Challenge(scheme: "basic")]),
        ("BASIC Realm = \"a\\\"b\\\\\"", [Challenge(scheme: "basic", parameters: ["realm": "a\"b\\"])]),
        (
            "Basic realm=a, Bearer realm=b",
            [
                Challenge(scheme: "basic", parameters: ["realm": "a"]),
                Challenge(scheme: "bearer", parameters: ["realm": "b"]),
            ]
        ),
        ("Bearer realm=\"unterminated", [Challenge(scheme: "bearer", parameters: ["realm": "unterminated"])]),
        ("Bearer realm=\"a\", realm=\"b\"", [Challenge(scheme: "bearer", parameters: ["realm": "a"])]),
        ("realm=\"nobody's\"", []),
        ("Bearer realm=\"ends with \\", [Challenge(scheme: "bearer", parameters: ["realm": "ends with \\"])]),
    ]

    @Test(arguments: table)
    func parsing(value: String, challenges: [Challenge]) {
        #expect(Challenge.parse([value]) == challenges)
    }

    @Test func oldStyleCredentialsHideNothing() {
        let challenges = Challenge.parse(["Negotiate abc==, Basic realm=\"x\"", "Bearer realm=\"y\""])
        #expect(challenges.first { $0.scheme == "basic" }?.parameters["realm"] == "x")
        #expect(challenges.last == Challenge(scheme: "bearer", parameters: ["realm": "y"]))
    }
}

@Suite struct RealmTests {
    @Test func parametersAreEncoded() throws {
        let realm = try #require(Realm("https://Auth.example:8443/token"))
        #expect(realm.isSecure && realm.authority == "auth.example:8443")
        #expect(
            realm.url(adding: [("service", "a b&c"), ("scope", "repository:x/y:pull")])
                == "https://Auth.example:8443/token?service=a%20b%26c&scope=repository%3Ax%2Fy%3Apull")
        #expect(try #require(Realm("http://h?x=1")).url(adding: [("a", "é")]) == "http://h?x=1&a=%C3%A9")
        #expect(realm.url(adding: []) == "https://Auth.example:8443/token")
    }

    @Test(arguments: [
        "", "https://", "ftp://h/", "//h/t", "/token", "https:/h", "https:///t", "https://user:pw@h/t",
        "https://h\\@evil/",
        "https://h /t", "https://h/t#f", "https://h/\u{7f}", "https://h/\n", "https://h%2f/", "https://hé/",
        "file:///etc/passwd",
    ])
    func refused(text: String) { #expect(Realm(text) == nil) }
}

@Suite struct PageLinkTests {
    static let origin = "https://registry.example"
    static let path = "/v2/org/app/referrers/sha256:0"
    static let table: [([String], PageLink.Next)] = [
        ([], .none), ([""], .none), (["<\(path)?n=2>; rel=\"prev\""], .none), (["<\(path)?n=2>"], .none),
        (["<\(path)?n=2>; rel=\"next\""], .path("\(path)?n=2")), (["<\(path)?n=2>;rel=next"], .path("\(path)?n=2")),
        (["<\(path)?n=2>; REL=\"last Next\"; a=b"], .path("\(path)?n=2")), (["<?n=2>; rel=next"], .path("\(path)?n=2")),
        (["<\(origin)\(path)?n=2>; rel=next"], .path("\(path)?n=2")),
        (["<HTTPS://Registry.Example\(path)?n=2>; rel=next"], .path("\(path)?n=2")),
        (["<a>; rel=\"x, y\", <\(path)?n=3>; rel=next"], .path("\(path)?n=3")),
        (["<a>; rel=prev", "<\(path)?n=3>; rel=next"], .path("\(path)?n=3")),
        (["<https://evil.example\(path)>; rel=next"], .refused),
        (["<http://registry.example\(path)>; rel=next"], .refused),
        (["<https://registry.example.evil\(path)>; rel=next"], .refused),
        (["<https://registry.example:8443\(path)>; rel=next"], .refused),
        (["<https://registry.example@evil\(path)>; rel=next"], .refused), (["<//evil\(path)>; rel=next"], .refused),
        (["</v2/other/referrers/sha256:0>; rel=next"], .refused), (["<\(path)/../x?n=2>; rel=next"], .refused),
        (["<\(path)?a b>; rel=next"], .refused), (["<\(path)?a\\b>; rel=next"], .refused), (["<>; rel=next"], .refused),
        (["<\(path)?n=2#f>; rel=next"], .refused), (["<relative>; rel=next"], .refused),
        (["<\(path); rel=next"], .none),
    ]

    @Test(arguments: table)
    func next(values: [String], expected: PageLink.Next) {
        #expect(PageLink.next(in: values, origin: Self.origin, path: Self.path) == expected)
    }
}

@Suite struct HTTPDateTests {
    static let table: [(String, Int?)] = [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400), ("Fri, 01 Mar 2024 12:00:00 GMT", 1_709_294_400),
        ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("06 Nov 1994 08:49:37 GMT", nil), ("", nil),
        ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil),
        ("Sun, 06 Nov 1994 08:49:37 UTC", nil),
        ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Now 1994 08:49:37 GMT", nil),
        ("Sun, +6 Nov 1994 08:49:37 GMT", nil),
    ]

    @Test(arguments: table)
    func parsing(text: String, seconds: Int?) { #expect(HTTPDate.parse(text) == seconds) }
}

@Suite struct ErrorBodyTests {
    static let table: [(String, String?)] = [
        (#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"m","detail":{}}]}"#, "MANIFEST_UNKNOWN"),
        (#"{"errors":[{"code":"A"},{"code":"B"}]}"#, "A"), (#"{"errors":[]}"#, nil), (#"{"errors":{}}"#, nil),
        ("", nil),
        ("<html>", nil), (#"{"errors":[{"code":7}]}"#, nil), (#"{"errors":[{"code":"lower case"}]}"#, nil),
        (#"{"errors":[{"code":"\u001b[31m"}]}"#, nil), (#"{"errors":[{"code":""}]}"#, nil),
        (#"{"errors":[{"code":"\#(String(repeating: "A", count: 65))"}]}"#, nil),
    ]

    @Test(arguments: table)
    func code(body: String, code: String?) { #expect(ErrorBody.code(in: Array(body.utf8)) == code) }
}

/// What registries and files send is read by parsers of ours: whatever it is, they end, and keep their promises.
@Suite struct AnyTextTests {
    static func texts(_ pieces: [String]) -> [String] {
        var state: UInt64 = 7
        func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        return (0..<5_000).map { _ in (0..<below(12)).map { _ in pieces[below(pieces.count)] }.joined() }
    }

    @Test func challenges() {
        for text in Self.texts(["Bearer", "Basic", " ", ",", "=", "\"", "\\", "realm", "a", "é", "\t", "https://h/"]) {
            for challenge in Challenge.parse([text]) { #expect(!challenge.scheme.isEmpty) }
        }
    }

    @Test func links() {
        let path = PageLinkTests.path
        for text in Self.texts([
            "<", ">", ";", ",", "rel", "=", "next", "\"", " ", "/", "//", "?", path, "https://h", "é", "#",
        ]) {
            guard case .path(let next) = PageLink.next(in: [text], origin: PageLinkTests.origin, path: path) else {
                continue
            }
            #expect(next.hasPrefix(path))
        }
    }

    @Test func realms() {
        for text in Self.texts([
            "https://", "http://", "h", "@", ":", "/", "?", "#", "\\", " ", "é", "[::1]", ".", "%", "&",
        ]) {
            guard let realm = Realm(text) else { continue }
            #expect(!realm.authority.contains("@") && !realm.authority.contains("/") && !realm.authority.isEmpty)
        }
    }

    @Test func patterns() {
        for text in Self.texts(["https://", "*", ".", "/", ":", "a", "b", "[", "]", "v1", "é", "5000", "docker.io"]) {
            guard let pattern = RegistryPattern(text) else { continue }
            _ = pattern.matches(host: "a.b:5000", path: "a/b")
            #expect(pattern.matches(host: pattern.host, path: text) || !pattern.matches(host: pattern.host, path: ""))
        }
    }

    @Test func dates() {
        for text in Self.texts(["Sun, ", "06 ", "Nov ", "1994 ", "08:49:37 ", "GMT", "9999 ", "-", ":", "29 Feb "]) {
            if let seconds = HTTPDate.parse(text) { #expect(seconds >= 0) }
        }
    }
}
