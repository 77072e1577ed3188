import JSON
import OCI
import Testing

@testable import Registry

@Suite struct DockerConfigTests {
    static func config(_ text: String) throws -> DockerConfig { try DockerConfig(parsing: Array(text.utf8)) }

    static func auth(_ user: String) -> String { #"{"auth":"\#(Base64.encode(Array("\(user):pw".utf8)))"}"# }

    static func user(_ config: DockerConfig, _ repository: String) throws -> String? {
        switch config.source(for: try Repository(parsing: repository)) {
        case .credentials(.basic(let user, _)): user
        case .credentials(.identityToken): "<token>"
        case .credentials(.anonymous): nil
        case .helper(let name, let server): "\(name) \(server)"
        }
    }

    static let keyTable: [(key: String, repository: String, matches: Bool)] = [
        ("ghcr.io", "ghcr.io/org/app", true), ("https://ghcr.io", "ghcr.io/org/app", true),
        ("https://ghcr.io/", "ghcr.io/org/app", true), ("http://ghcr.io/v2/", "ghcr.io/org/app", true),
        ("GHCR.io", "ghcr.io/org/app", true), ("ghcr.io", "Ghcr.io/org/app", true),
        ("ghcr.io", "ghcr.io:443/org/app", false),
        ("ghcr.io", "ghcr.io.evil/org/app", false), ("ghcr.io/org", "ghcr.io/org/app", true),
        ("ghcr.io/org/", "ghcr.io/org/app", true), ("ghcr.io/org/app", "ghcr.io/org/app", true),
        ("ghcr.io/org", "ghcr.io/organism/app", false), ("ghcr.io/org/app", "ghcr.io/org", false),
        ("host:5000", "host:5000/app", true), ("host:5000", "host:5001/app", false),
        ("[::1]:5000", "[::1]:5000/app", true),
        ("https://index.docker.io/v1/", "nginx", true), ("https://index.docker.io/v1/", "docker.io/org/app", true),
        ("docker.io", "nginx", true), ("index.docker.io", "org/app", true), ("docker.io/library", "nginx", true),
        ("docker.io/org", "nginx", false), ("registry-1.docker.io", "nginx", true),
        ("*.example.com", "a.example.com/x", true), ("*.example.com", "a.b.example.com/x", false),
        ("*.example.com", "example.com/x", false), ("*.*.example.com", "a.b.example.com/x", true),
        ("*.example.com", "a.example.com:5000/x", false), ("*.example.com:5000", "a.example.com:5000/x", true),
        ("reg*.example.com", "registry.example.com/x", true), ("r*g*y.example.com", "registry.example.com/x", true),
        ("ab*ba.example.com", "aba.example.com/x", false), ("*.example.com/org", "a.example.com/org/x", true),
        ("*.example.com/org", "a.example.com/x", false), ("[*]", "[::1]/x", false), ("", "ghcr.io/a", false),
        ("https://", "ghcr.io/a", false),
    ]

    @Test(arguments: keyTable)
    func keys(key: String, repository: String, matches: Bool) throws {
        let config = try Self.config(#"{"auths":{"\#(key)":\#(Self.auth("u"))}}"#)
        #expect(try Self.user(config, repository) == (matches ? "u" : nil))
    }

    @Test func theMostSpecificKeyWins() throws {
        let entries = [
            "*.example.com", "a.example.com", "a.example.com/org", "a.example.com/org/app", "*.example.com/org",
        ]
        for order in [entries, entries.reversed()] {
            let members = order.map { "\"\($0)\":\(Self.auth($0))" }.joined(separator: ",")
            let config = try Self.config("{\"auths\":{\(members)}}")
            #expect(try Self.user(config, "a.example.com/org/app") == "a.example.com/org/app")
            #expect(try Self.user(config, "a.example.com/org/other") == "a.example.com/org")
            #expect(try Self.user(config, "a.example.com/x") == "a.example.com")
            #expect(try Self.user(config, "b.example.com/org/x") == "*.example.com/org")
            #expect(try Self.user(config, "b.example.com/x") == "*.example.com")
        }
    }

    @Test func formsOfCredentials() throws {
        let config = try Self.config(
            """
            {"auths":{
              "a.example":{"username":"u","password":"p:q"},
              "b.example":{"auth":"dTpwOnE"},
              "c.example":{"auth":"dTpwOnE=","identitytoken":"t"},
              "d.example":{},
              "e.example":{"username":"u"},
              "f.example":{"auth":"","email":"x@example"}
            },"HttpHeaders":{"User-Agent":"x"}}
            """)
        func source(_ host: String) throws -> DockerConfig.Source {
            config.source(for: try Repository(parsing: host + "/app"))
        }
        #expect(try source("a.example") == .credentials(.basic(user: "u", password: Secret("p:q"))))
        #expect(try source("b.example") == .credentials(.basic(user: "u", password: Secret("p:q"))))
        #expect(try source("c.example") == .credentials(.identityToken(Secret("t"))))
        #expect(try source("d.example") == .credentials(.anonymous))
        #expect(try source("e.example") == .credentials(.basic(user: "u", password: Secret(""))))
        #expect(try source("f.example") == .credentials(.anonymous))
    }

    @Test func helpersAndStores() throws {
        let config = try Self.config(
            """
            {"auths":{"a.example":\(Self.auth("a")),"b.example":\(Self.auth("b")),"c.example":{}},
             "credHelpers":{"b.example":"ecr-login","https://index.docker.io/v1/":"hub_1.x"},"credsStore":"pass"}
            """)
        #expect(try Self.user(config, "a.example/x") == "a")
        #expect(try Self.user(config, "b.example/x") == "ecr-login b.example")
        #expect(try Self.user(config, "c.example/x") == "pass c.example")
        #expect(try Self.user(config, "d.example:5000/x") == "pass d.example:5000")
        #expect(try Self.user(config, "nginx") == "hub_1.x https://index.docker.io/v1/")
    }

    @Test(arguments: [
        "", "[]", "{", #"{"auths":[]}"#, #"{"auths":{"a":"b"}}"#, #"{"auths":{"a":{"auth":"not base64 secret!"}}}"#,
        #"{"auths":{"a":{"auth":"c2VjcmV0"}}}"#, #"{"auths":{"a":{}},"auths":{}}"#, #"{"credsStore":7}"#,
        #"{"credsStore":"../secret"}"#, #"{"credsStore":"-secret"}"#, #"{"credHelpers":{"a":"secret helper"}}"#,
        #"{"credHelpers":{"a":""}}"#, #"{"credHelpers":{"a":"/bin/secret"}}"#, #"{"credHelpers":{"a":null}}"#,
    ])
    func refused(text: String) {
        do {
            _ = try Self.config(text)
            Issue.record("accepted")
        } catch let error as DockerConfigError {
            #expect(error.description.hasPrefix("Docker configuration"))
            #expect(!error.description.contains("secret") && !error.description.contains("c2VjcmV0"))
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func whatNobodyNeedsSoLongIsRefused() throws {
        func error(_ entry: String, key: String = "a.example") -> DockerConfigError? {
            do {
                _ = try Self.config(#"{"auths":{"\#(key)":\#(entry)}}"#)
                return nil
            } catch {
                return error as? DockerConfigError
            }
        }
        let most = String(repeating: "x", count: DockerConfig.maximumCredentialBytes)
        #expect(error(#"{"identitytoken":"\#(most)"}"#) == nil)
        #expect(error(#"{"identitytoken":"\#(most)y"}"#)?.field == #"auths["a.example"]"#)
        #expect(error(#"{"username":"u","password":"\#(most)"}"#)?.description.contains("xxx") == false)
        #expect(error(Self.auth(most)) != nil)
        let key = String(repeating: "k", count: DockerConfig.maximumKeyBytes)
        #expect(error(Self.auth("u"), key: key) == nil)
        #expect(error(Self.auth("u"), key: key + "k")?.description.contains("kkk") == false)
    }

    @Test func absentAndNullAreEmpty() throws {
        for text in ["{}", #"{"auths":null,"credHelpers":null,"credsStore":null}"#, #"{"credsStore":""}"#] {
            #expect(try Self.user(try Self.config(text), "ghcr.io/a") == nil)
        }
    }
}

@Suite struct SecretTests {
    @Test func secretsAreNeverShown() throws {
        let credentials = Credentials.basic(user: "u", password: Secret("hunter2"))
        let config = try DockerConfigTests.config(#"{"auths":{"a.example":{"username":"u","password":"hunter2"}}}"#)
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(config, to: &dumped)
        dump(Authorization.bearer(Secret("hunter2")), to: &dumped)
        let shown =
            "\(credentials) \(String(reflecting: credentials)) \(config) \(String(reflecting: config)) " + dumped
        #expect(!shown.contains("hunter2"))
        #expect(shown.contains("(secret)"))
    }
}
