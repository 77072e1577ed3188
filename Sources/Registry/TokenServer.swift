import HTTPClient
import JSON

/// A request for an access token.
struct TokenRequest: Sendable, Hashable {
    let realm: Realm
    let service: String?
    let scope: String
    let credentials: Credentials
    /// The registry that sent us there, for messages.
    let registry: String
}

/// A token that a registry accepts for a while.
struct Token: Sendable, Hashable {
    let value: Secret
    /// Seconds from now.
    let lifetime: Int
}

/// Fetches access tokens.
///
/// Source: Docker Registry v2 token authentication specification ("Requesting a Token"), and its OAuth 2 form.
struct TokenServer: Sendable {
    let wire: Wire
    let caFile: String?

    /// - Throws: ``RegistryFailure``.
    func fetch(_ ask: TokenRequest) async throws(RegistryFailure) -> Token {
        let host = ask.realm.authority
        let what = "a token of \(host) for \(ask.registry)"
        let response: TransportResponse
        do throws(HTTPClient.Failure) {
            response = try await wire.send(request(for: ask), to: host)
        } catch {
            throw RegistryFailure(error, host: host, what: what, limit: nil)
        }
        switch response.status {
        case 200: return try Self.read(response.body, what: what)
        case 401, 403: throw .denied(what: what, code: ErrorBody.code(in: response.body))
        // How OAuth 2 says that a refresh token is no longer good (RFC 6749, section 5.2: invalid_grant).
        case 400 where ask.credentials.isIdentityToken:
            throw .denied(what: what, code: ErrorBody.code(in: response.body))
        case 429: throw .rateLimited(host: host, code: ErrorBody.code(in: response.body))
        case 500...599:
            throw .serverError(host: host, status: response.status, code: ErrorBody.code(in: response.body))
        default: throw .refused(what: what, status: response.status, code: ErrorBody.code(in: response.body))
        }
    }

    private func request(for ask: TokenRequest) -> HTTPClient.Request {
        let parameters =
            (ask.service.map { [(name: "service", value: $0)] } ?? []) + [(name: "scope", value: ask.scope)]
        var request = HTTPClient.Request(
            url: ask.realm.url(adding: parameters),
            headers: [("Accept", "application/json")],
            maximumResponseBytes: RegistryLimits.maximumSmallAnswer,
            deadline: wire.surroundings.now() + RegistryLimits.tokenTimeout,
            maximumRedirects: RegistryLimits.redirects,
            caFile: caFile)
        switch ask.credentials {
        case .anonymous: break
        case .basic(let user, let password):
            request.headers.append(("Authorization", Authorization.basic(user: user, password: password)))
        case .identityToken(let token):
            request.method = "POST"
            request.url = ask.realm.url(adding: [])
            request.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            let grant = [
                (name: "grant_type", value: "refresh_token"), (name: "refresh_token", value: token.value),
                (name: "client_id", value: "countersign"),
            ]
            request.body = Array(Realm.form(grant + parameters).utf8)
            // A redirect could carry the body, and with it the token, to another host.
            request.maximumRedirects = 0
        }
        return request
    }

    private static func read(_ body: [UInt8], what: String) throws(RegistryFailure) -> Token {
        guard let root = try? Document(body, limits: ParseLimits(maximumBytes: RegistryLimits.maximumSmallAnswer)).root
        else { throw .malformed(what: what, reason: "the answer is not JSON") }
        // Two names for one thing; where both are given they are the same (token specification).
        guard
            let value = [root["token"], root["access_token"]].compactMap({ $0?.string }).first(where: { !$0.isEmpty })
        else { throw .malformed(what: what, reason: "the answer has no token") }
        // It becomes a header's value, so it is held to what RFC 6750 allows there (b64token), and visible ASCII at most.
        guard value.utf8.count <= RegistryLimits.maximumTokenBytes,
            value.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .malformed(what: what, reason: "the token is too long or holds characters that no token has") }
        let lifetime = root["expires_in"]?.integer ?? RegistryLimits.defaultTokenLifetime
        return Token(value: Secret(value), lifetime: min(max(0, lifetime), RegistryLimits.maximumTokenLifetime))
    }
}
