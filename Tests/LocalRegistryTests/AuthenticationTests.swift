import HTTPClient
import JSON
import LocalRegistry
import OCI
import Testing

@Suite struct AuthenticationTests {
    private static let path = "/v2/demo/app/manifests/v1"

    private static func prepare(_ authentication: Authentication) throws -> Ask {
        let ask = try Ask(Behaviour(authentication: authentication))
        ask.registry.pushImage(to: "demo/app", tag: "v1")
        ask.registry.pushImage(to: "demo/other", tag: "v1")
        return ask
    }

    private static func basic(_ user: String, _ password: String) -> [(name: String, value: String)] {
        [("Authorization", "Basic " + Base64.encode(bytes("\(user):\(password)")))]
    }

    private static func bearer(_ token: String?) -> [(name: String, value: String)] {
        [("Authorization", "Bearer \(token ?? "")")]
    }

    @Test func basicAsksForNameAndPassword() async throws {
        let ask = try Self.prepare(.basic(user: "me", password: "se:cret"))
        let refused = try await ask.get(Self.path)
        #expect(refused.status == 401)
        #expect(refused.code == "UNAUTHORIZED")
        #expect(refused.headers["www-authenticate"] == "Basic realm=\"local-registry\"")
        #expect(try await ask.get(Self.path, headers: Self.basic("me", "wrong")).status == 401)
        #expect(try await ask.get(Self.path, headers: Self.basic("me", "se:cret")).status == 200)
    }

    @Test func bearerAsksForAToken() async throws {
        let ask = try Self.prepare(.bearer(TokenRules()))
        let refused = try await ask.get(Self.path)
        #expect(refused.status == 401)
        let scope = "repository:demo/app:pull"
        #expect(
            refused.headers["www-authenticate"]
                == "Bearer realm=\"http://\(ask.registry.host)/token\",service=\"local-registry\",scope=\"\(scope)\"")

        let answer = try await ask.get("/token?service=local-registry&scope=\(scope)").json
        let token = try #require(answer?["token"]?.string)
        #expect(answer?["access_token"]?.string == token)
        #expect(answer?["expires_in"]?.integer == 300)
        #expect(try await ask.get(Self.path, headers: Self.bearer(token)).status == 200)
        #expect(try await ask.get("/v2/", headers: Self.bearer(token)).status == 200)

        let elsewhere = try await ask.get("/v2/demo/other/manifests/v1", headers: Self.bearer(token))
        #expect(elsewhere.status == 401)
        #expect(elsewhere.headers["www-authenticate"]?.hasSuffix("error=\"insufficient_scope\"") == true)
        let push = try await ask("PUT", Self.path, headers: Self.bearer(token), body: bytes("{}"))
        #expect(push.status == 401)

        ask.registry.expireTokens()
        #expect(try await ask.get(Self.path, headers: Self.bearer(token)).status == 401)
        #expect(try await ask.get(Self.path, headers: Self.bearer("made-up")).status == 401)
    }

    @Test func tokensEndByTime() async throws {
        let ask = try Self.prepare(.bearer(TokenRules(lifetime: .zero, statesLifetime: false)))
        let answer = try await ask.get("/token?scope=repository:demo/app:pull").json
        #expect(answer?["expires_in"] == nil)
        #expect(try await ask.get(Self.path, headers: Self.bearer(answer?["token"]?.string)).status == 401)
    }

    @Test func namesTheTokenAsItIsTold() async throws {
        let ask = try Self.prepare(.bearer(TokenRules(member: .accessToken, realm: "https://elsewhere/token")))
        #expect(try await ask.get("/token").json?["token"] == nil)
        #expect(try await ask.get("/token").json?["access_token"] != nil)
        let challenge = try await ask.get(Self.path).headers["www-authenticate"]
        #expect(challenge?.contains("realm=\"https://elsewhere/token\"") == true)
        ask.registry.behaviour.authentication = .bearer(TokenRules(member: .token))
        #expect(try await ask.get("/token").json?["access_token"] == nil)
    }

    @Test func givesNamedUsersMore() async throws {
        let rules = TokenRules(user: "me", password: "secret", identityToken: "id", allowsAnonymousPull: false)
        let ask = try Self.prepare(.bearer(rules))
        let scopes = "/token?scope=repository:demo/app:pull,push&scope=repository:demo/other:pull"
        #expect(try await ask.get(scopes, headers: Self.basic("me", "wrong")).status == 401)

        let anonymous = try await ask.get(scopes).json?["token"]?.string
        #expect(try await ask.get(Self.path, headers: Self.bearer(anonymous)).status == 401)

        let named = try await ask.get(scopes, headers: Self.basic("me", "secret")).json?["token"]?.string
        #expect(try await ask.get(Self.path, headers: Self.bearer(named)).status == 200)
        #expect(try await ask.get("/v2/demo/other/manifests/v1", headers: Self.bearer(named)).status == 200)
        #expect(try await ask("PUT", Self.path, headers: Self.bearer(named), body: bytes("{}")).status == 201)
    }

    @Test(arguments: [
        ("grant_type=refresh_token&refresh_token=i%2Bd", 200), ("grant_type=refresh_token&refresh_token=other", 401),
        ("grant_type=password&username=me&password=a+secret", 200), ("grant_type=password&username=me", 401),
        ("grant_type=magic", 401), ("", 401),
    ])
    func takesAForm(form: String, status: Int) async throws {
        let ask = try Self.prepare(.bearer(TokenRules(user: "me", password: "a secret", identityToken: "i+d")))
        let response = try await ask(
            "POST", "/token", body: bytes(form + "&service=local-registry&scope=repository:demo/app:pull"))
        #expect(response.status == status)
        guard status == 200 else { return }
        let token = response.json?["access_token"]?.string
        #expect(try await ask.get(Self.path, headers: Self.bearer(token)).status == 200)
    }
}
