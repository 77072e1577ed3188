import HTTPServer
import JSON

/// Tokens that were given out, and what each allows.
///
/// Source: Docker's "Token Authentication Specification" and "OAuth2 Token Authentication".
struct TokenServer: Sendable {
    static let service = "local-registry"
    /// Kept at once; then all are forgotten. Far more than a test asks for.
    private static let maximumTokens = 10_000

    private struct Grant {
        /// `repository:<name>:<action>`.
        let scopes: Set<String>
        let expires: ContinuousClock.Instant
    }

    private var grants: [String: Grant] = [:]

    mutating func expireAll() { grants = [:] }

    /// What stands between a request and what it wants.
    enum Check {
        case allowed
        case unknownToken
        case insufficientScope
    }

    func check(_ token: String, for scope: String?) -> Check {
        guard let grant = grants[token], grant.expires > .now else { return .unknownToken }
        guard let scope else { return .allowed }
        return grant.scopes.contains(scope) ? .allowed : .insufficientScope
    }

    /// Answers `GET` or `POST /token`.
    mutating func answer(_ method: Method, query: String, form: String, authorization: String?, _ rules: TokenRules)
        -> Answer
    {
        let isTrusted: Bool
        switch (method, authorization) {
        case (.post, _):
            isTrusted = Self.isTrusted(form: form, rules)
            guard isTrusted else { return Self.refusal }
        case (_, .some(let authorization)):
            isTrusted =
                authorization == Credentials.basic(user: rules.user ?? "", password: rules.password)
                || rules.user == nil
            guard isTrusted else { return Self.refusal }
        case (_, nil):
            isTrusted = rules.user == nil
        }
        let text = method == .post ? form : query
        var scopes: Set<String> = []
        for scope in Form.values(of: "scope", in: text, plusIsSpace: true).flatMap({ $0.split(separator: " ") }) {
            // repository:<name>:<actions>, where neither colon nor comma occurs in a name.
            let parts = scope.split(separator: ":")
            guard parts.count == 3 else { continue }
            for action in parts[2].split(separator: ",")
            where isTrusted || (action == "pull" && rules.allowsAnonymousPull) {
                scopes.insert("\(parts[0]):\(parts[1]):\(action)")
            }
        }
        return Answer(json: give(scopes, rules))
    }

    private static let refusal = Answer(401, .unauthorized, "authentication required")

    private static func isTrusted(form: String, _ rules: TokenRules) -> Bool {
        func value(_ name: String) -> String? { Form.values(of: name, in: form, plusIsSpace: true).first }
        return switch value("grant_type") {
        case "refresh_token": rules.identityToken != nil && value("refresh_token") == rules.identityToken
        case "password": value("username") == rules.user && value("password") == rules.password
        default: false
        }
    }

    private mutating func give(_ scopes: Set<String>, _ rules: TokenRules) -> [UInt8] {
        if grants.count >= Self.maximumTokens { grants = [:] }
        let token = randomName()
        grants[token] = Grant(scopes: scopes, expires: .now + rules.lifetime)
        var writer = Writer()
        writer.beginObject()
        if rules.member != .accessToken {
            writer.key("token")
            writer.string(token)
        }
        if rules.member != .token {
            writer.key("access_token")
            writer.string(token)
        }
        if rules.statesLifetime {
            writer.key("expires_in")
            writer.integer(rules.lifetime.components.seconds)
        }
        writer.endObject()
        return writer.bytes
    }
}

enum Credentials {
    /// The value of an `Authorization` header (RFC 7617).
    static func basic(user: String, password: String) -> String {
        "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
    }
}
