import JSON
import Synchronization
import Waiting

/// What goes into the `Authorization` header.
enum Authorization: Sendable, Hashable {
    case basic(Secret)
    case bearer(Secret)

    var header: String {
        switch self {
        case .basic(let value): value.value
        case .bearer(let token): "Bearer " + token.value
        }
    }

    /// RFC 7617.
    static func basic(user: String, password: Secret) -> String {
        "Basic " + Base64.encode(Array("\(user):\(password.value)".utf8))
    }
}

/// Who asks for what, and with which credentials: what a token is good for.
struct Access: Sendable, Hashable {
    /// `scheme://host[:port]` of the registry.
    let origin: String
    /// The registry's host, for messages.
    let host: String
    /// Whether the registry may be spoken to in plain http.
    let allowsPlainHTTP: Bool
    let repository: String
    let credentials: Credentials

    /// What reading `repository` needs (Docker Registry v2 token scope).
    var scope: String { "repository:\(repository):pull" }
}

/// Answers challenges, and remembers the answers while they are good.
final class Authorizer: Sendable {
    private let server: TokenServer
    private let insecureHosts: Set<String>
    private let surroundings: Surroundings
    private let memory = Mutex(
        Remembered<Access, Authorization>(
            capacity: RegistryLimits.maximumRemembered, budget: RegistryLimits.rememberedTokenBytes))
    private let flights = Flights<TokenRequest, Result<Authorization, RegistryFailure>>()

    init(server: TokenServer, insecureHosts: Set<String>) {
        self.server = server
        self.insecureHosts = insecureHosts
        surroundings = server.wire.surroundings
    }

    /// What was good for `access` the last time, while it is.
    func remembered(for access: Access) -> Authorization? {
        memory.withLock { $0.value(for: access, at: surroundings.now()) }
    }

    /// What to show after a 401 with `challenges`; nil when none of them can be answered.
    ///
    /// - Parameter refused: what the 401 was the answer to.
    /// - Throws: ``RegistryFailure`` when there is a token to fetch and it cannot be had.
    func answer(
        _ challenges: [Challenge], to access: Access, refused: Authorization?, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> Authorization? {
        // (1) Another request may have found the answer meanwhile.
        if let known = newer(than: refused, for: access) { return known }

        // (2) A token is preferred: it is good for one repository and a short time.
        if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
            return try await token(for: challenge, access: access, refused: refused, deadline: deadline)
        }

        // (3) A password goes to the registry's own host only, which is where the request goes.
        if challenges.contains(where: { $0.scheme == "basic" }),
            case .basic(let user, let password) = access.credentials
        {
            let answer = Authorization.basic(Secret(Authorization.basic(user: user, password: password)))
            guard answer != refused else { return nil }
            remember(answer, for: access, seconds: RegistryLimits.maximumTokenLifetime)
            return answer
        }
        return nil
    }

    private func token(
        for challenge: Challenge, access: Access, refused: Authorization?, deadline: ContinuousClock.Instant
    ) async throws(RegistryFailure) -> Authorization {
        // (1) The token server must be one that credentials, and tokens, may travel to and from.
        guard let realm = challenge.parameters["realm"].flatMap(Realm.init) else {
            throw .malformed(
                what: "the token challenge of \(access.host)", reason: "its realm is not an http or https URL")
        }
        // Plain http only from a host to a host that both may be spoken to so: a registry elsewhere must not send us, or
        // our credentials, to a port of our own machine.
        let isAllowed =
            access.allowsPlainHTTP && Endpoint.allowsPlainHTTP(realm.authority, insecureHosts: insecureHosts)
        guard realm.isSecure || isAllowed else {
            throw .credentials(host: access.host, reason: "its token server \(realm.authority) is not https")
        }

        // (2) One fetch for all who want the same, remembered before anybody can begin another.
        let scope = challenge.parameters["scope"].flatMap { $0.isEmpty ? nil : $0 } ?? access.scope
        let ask = TokenRequest(
            realm: realm, service: challenge.parameters["service"], scope: scope, credentials: access.credentials,
            registry: access.host)
        let result = await flights.value(for: ask, until: deadline) { [self] in
            if let known = newer(than: refused, for: access) { return .success(known) }
            do throws(RegistryFailure) {
                let token = try await server.fetch(ask)
                let answer = Authorization.bearer(token.value)
                remember(answer, for: access, seconds: token.lifetime)
                return .success(answer)
            } catch {
                return .failure(error)
            }
        }
        guard let result else { throw Task.isCancelled ? .cancelled : .timedOut(host: realm.authority) }
        return try result.get()
    }

    /// What is remembered for `access`, unless it is what was refused, which is forgotten.
    private func newer(than refused: Authorization?, for access: Access) -> Authorization? {
        memory.withLock { memory in
            guard let known = memory.value(for: access, at: surroundings.now()) else { return nil }
            guard known == refused else { return known }
            memory.forget(access)
            return nil
        }
    }

    private func remember(_ answer: Authorization, for access: Access, seconds: Int) {
        // Half of a very short life is better than none of it.
        let lifetime = Duration.seconds(seconds)
        let usable = lifetime - min(RegistryLimits.tokenMargin, lifetime / 2)
        let now = surroundings.now()
        let cost = answer.header.utf8.count + access.credentials.textBytes
        memory.withLock { $0.remember(answer, cost: cost, for: access, until: now + usable, now: now) }
    }
}
