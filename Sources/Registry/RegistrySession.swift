import HTTPClient
import OCI
import Synchronization

/// One question to a registry.
struct RegistryRequest: Sendable {
    let repository: Repository
    /// Absolute, with query.
    let path: String
    /// What is asked for, in messages.
    let what: String
    let accept: [String]
    let maximumBytes: Int
    /// The bound that `maximumBytes` comes from, where an operator can move it.
    let limit: RegistryLimits.Bound?
    let deadline: ContinuousClock.Instant
}

/// Asks registries: over the scheme that they speak, with the credentials that they want.
final class RegistrySession: Sendable {
    private let wire: Wire
    private let authorizer: Authorizer
    private let credentials: CredentialStore
    private let configuration: RegistryConfiguration
    /// The server's own pull secrets, which change while it runs.
    private let serverKeychain = Mutex(Keychain.empty)
    /// Which scheme a host was found to speak, of those that may speak either.
    private let schemes = Mutex(Remembered<String, Endpoint.Scheme>(capacity: RegistryLimits.maximumRemembered))

    init(
        transport: any Transport, configuration: RegistryConfiguration,
        observer: (@Sendable (RegistryObservation) -> Void)?, surroundings: Surroundings,
        runHelper: CredentialStore.Runner?
    ) {
        self.configuration = configuration
        wire = Wire(
            transport: transport, requestsPerHost: configuration.limits.requestsPerHost.value, observer: observer,
            surroundings: surroundings)
        let server = TokenServer(wire: wire, caFile: configuration.caFile)
        authorizer = Authorizer(server: server, insecureHosts: configuration.insecureHosts)
        credentials = CredentialStore(configuration.dockerConfig, surroundings: surroundings, run: runHelper)
    }

    func useServerKeychain(_ keychain: Keychain) { serverKeychain.withLock { $0 = keychain } }

    /// Asks with each of the keychain's credentials that match, as the kubelet does, and with the server's own in the
    /// end, until the registry lets us in.
    ///
    /// - Returns: the answer, whatever its status.
    func get(
        _ request: RegistryRequest, with keychain: Keychain = .empty
    ) async throws(RegistryFailure) -> RegistryResponse {
        // Bounded each for itself: what a Pod brings must not keep the server from showing its own.
        let brought = [keychain, serverKeychain.withLock { $0 }].flatMap {
            $0.credentials(for: request.repository).prefix(RegistryLimits.maximumCredentials)
        }
        guard !brought.isEmpty else {
            return try await get(request, showing: try await configured(for: request))
        }
        // The first refusal is told: it is about the credentials that were meant for this registry.
        var refusal: Result<RegistryResponse, RegistryFailure>?
        for credentials in brought {
            let answer = await answer(to: request, showing: credentials)
            guard answer.isRefusal else { return try answer.get() }
            refusal = refusal ?? answer
        }
        do throws(RegistryFailure) {
            let last = await answer(to: request, showing: try await configured(for: request))
            return try (last.isRefusal ? refusal ?? last : last).get()
        } catch .credentials(let host, let reason) {
            guard let refusal else { throw .credentials(host: host, reason: reason) }
            return try refusal.get()
        }
    }

    /// What the Docker configuration has.
    private func configured(for request: RegistryRequest) async throws(RegistryFailure) -> Credentials {
        try await credentials.credentials(for: request.repository, deadline: request.deadline)
    }

    private func answer(
        to request: RegistryRequest, showing credentials: Credentials
    ) async -> Result<RegistryResponse, RegistryFailure> {
        do throws(RegistryFailure) {
            return .success(try await get(request, showing: credentials))
        } catch {
            return .failure(error)
        }
    }

    /// Asks, and asks once more with what a 401 demands.
    private func get(
        _ request: RegistryRequest, showing credentials: Credentials
    ) async throws(RegistryFailure) -> RegistryResponse {
        let endpoint = Endpoint(registry: request.repository.registry, insecureHosts: configuration.insecureHosts)
        var shown: (scheme: Endpoint.Scheme, authorization: Authorization)?
        for attempt in 0...1 {
            let response = try await exchange(request, at: endpoint, credentials: credentials, shown: shown)
            guard response.status == 401, attempt == 0 else { return response }
            let access = access(to: endpoint, over: response.scheme, for: request, credentials: credentials)
            let answer = try await authorizer.answer(
                Challenge.parse(response.all("www-authenticate")), to: access, refused: response.shown,
                deadline: request.deadline)
            guard let answer else { return response }
            shown = (response.scheme, answer)
        }
        throw .denied(what: request.what, code: nil)
    }

    /// One exchange, over the scheme that the host is known to speak, or else over each that it may.
    private func exchange(
        _ request: RegistryRequest, at endpoint: Endpoint, credentials: Credentials,
        shown: (scheme: Endpoint.Scheme, authorization: Authorization)?
    ) async throws(RegistryFailure) -> RegistryResponse {
        let known = schemes.withLock { $0.value(for: endpoint.host, at: wire.surroundings.now()) }
        let candidates = (shown?.scheme ?? known).map { [$0] } ?? endpoint.schemes
        var failures: [(scheme: Endpoint.Scheme, failure: HTTPClient.Failure)] = []
        for scheme in candidates {
            let access = access(to: endpoint, over: scheme, for: request, credentials: credentials)
            let authorization = shown?.authorization ?? authorizer.remembered(for: access)
            do throws(HTTPClient.Failure) {
                let answer = try await wire.send(
                    httpRequest(request, to: endpoint, over: scheme, authorization), to: endpoint.host,
                    isProbe: scheme != candidates.last)
                let isLast = !failures.isEmpty
                // TLS servers answer plain text with a bare 400, which is no registry's answer.
                if isLast, answer.status == 400, ErrorBody.code(in: answer.body) == nil { break }
                if endpoint.allowsPlainHTTP { remember(scheme, for: endpoint.host) }
                return RegistryResponse(
                    answer: answer, scheme: scheme, origin: endpoint.url(scheme, ""), shown: authorization)
            } catch {
                failures.append((scheme, error))
                guard error.mayBeAnotherScheme else { break }
            }
        }
        schemes.withLock { $0.forget(endpoint.host) }
        throw Self.failure(of: failures, request: request, host: endpoint.host)
    }

    private func access(
        to endpoint: Endpoint, over scheme: Endpoint.Scheme, for request: RegistryRequest, credentials: Credentials
    ) -> Access {
        Access(
            origin: endpoint.url(scheme, ""), host: endpoint.host, allowsPlainHTTP: endpoint.allowsPlainHTTP,
            repository: request.repository.path, credentials: credentials)
    }

    private func httpRequest(
        _ request: RegistryRequest, to endpoint: Endpoint, over scheme: Endpoint.Scheme, _ authorization: Authorization?
    ) -> HTTPClient.Request {
        var headers = [(name: "Accept", value: request.accept.joined(separator: ", "))]
        if let authorization { headers.append(("Authorization", authorization.header)) }
        return HTTPClient.Request(
            url: endpoint.url(scheme, request.path), headers: headers, maximumResponseBytes: request.maximumBytes,
            deadline: min(request.deadline, wire.surroundings.now() + RegistryLimits.requestTimeout),
            maximumRedirects: RegistryLimits.redirects, caFile: configuration.caFile,
            awaitsSharing: !endpoint.allowsPlainHTTP)
    }

    private func remember(_ scheme: Endpoint.Scheme, for host: String) {
        let now = wire.surroundings.now()
        schemes.withLock { $0.remember(scheme, for: host, until: now + .seconds(3_600), now: now) }
    }

    /// The failure that says most: the last, unless each scheme failed at the connection in its own way.
    private static func failure(
        of failures: [(scheme: Endpoint.Scheme, failure: HTTPClient.Failure)], request: RegistryRequest, host: String
    ) -> RegistryFailure {
        if let first = failures.first?.failure, failures.allSatisfy(\.failure.mayBeAnotherScheme),
            failures.contains(where: { $0.failure != first })
        {
            let reasons = failures.map { "over \($0.scheme.rawValue), \($0.failure)" }
            return .unreachable(host: host, reason: reasons.joined(separator: "; "))
        }
        guard let last = failures.last?.failure else { return .unreachable(host: host, reason: "it gave no answer") }
        return RegistryFailure(last, host: host, what: request.what, limit: request.limit)
    }
}

extension Result where Success == RegistryResponse, Failure == RegistryFailure {
    /// Whether the credentials did not open the registry, or its token server, so that others may.
    fileprivate var isRefusal: Bool {
        switch self {
        case .success(let response): response.status == 401 || response.status == 403
        case .failure(.denied): true
        case .failure: false
        }
    }
}

/// A registry's answer, and what it was the answer to.
struct RegistryResponse: Sendable {
    let status: Int
    let body: [UInt8]
    let scheme: Endpoint.Scheme
    /// `scheme://host[:port]` that was asked.
    let origin: String
    let shown: Authorization?
    private let answer: TransportResponse

    init(answer: TransportResponse, scheme: Endpoint.Scheme, origin: String, shown: Authorization?) {
        self.answer = answer
        status = answer.status
        body = answer.body
        self.scheme = scheme
        self.origin = origin
        self.shown = shown
    }

    /// Every value of a header; `name` is in lower case.
    func all(_ name: String) -> [String] { answer.all(name) }

    func first(_ name: String) -> String? { answer.first(name) }

    /// Turns each status but 200 into the failure that it means.
    func expectSuccess(host: String, what: String) throws(RegistryFailure) {
        guard status != 200 else { return }
        let code = ErrorBody.code(in: body)
        switch status {
        case 401, 403: throw .denied(what: what, code: code)
        case 404: throw .notFound(what: what, code: code)
        case 429: throw .rateLimited(host: host, code: code)
        case 500...599: throw .serverError(host: host, status: status, code: code)
        default: throw .refused(what: what, status: status, code: code)
        }
    }
}
