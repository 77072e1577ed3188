import HTTPClient
import JSON

/// The API of a real API server.
///
/// All requests and watches share one HTTP/2 connection, where the API server speaks that. Nothing is ever logged here,
/// and no failure holds a token.
public final class KubernetesClient: KubernetesAPI {
    /// Whom the API server notes down as the writer of fields.
    public static let fieldManager = "countersign"

    private let http: HTTPClient
    private let configuration: ClusterConfiguration
    private let keeper: CredentialKeeper
    private let base: String
    private let connectTo: String?
    /// The value of `Host`, where the URL does not say it.
    private let host: String?
    private let observer: (@Sendable (APIObservation) -> Void)?
    private let sleep: @Sendable (Duration) async -> Void

    /// - Parameters:
    ///   - http: shared with others or not; its proxy is used where the configuration names none.
    ///   - observer: told of each exchange, on whatever task makes it.
    public convenience init(
        http: HTTPClient, configuration: ClusterConfiguration, observer: (@Sendable (APIObservation) -> Void)? = nil
    ) {
        self.init(
            http: http, configuration: configuration, observer: observer,
            keeper: CredentialKeeper(configuration.credentials, authorities: configuration.authorities))
    }

    init(
        http: HTTPClient, configuration: ClusterConfiguration, observer: (@Sendable (APIObservation) -> Void)?,
        keeper: CredentialKeeper,
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.http = http
        self.configuration = configuration
        self.observer = observer
        self.keeper = keeper
        self.sleep = sleep
        if let name = configuration.serverName, let place = try? ServerPlace(configuration.server), place.isSecure {
            // The URL says what the server is called; where it is, is said beside it.
            base = "https://\(name):\(place.port)\(place.path)"
            connectTo = "\(place.host):\(place.port)"
            // As in Go, the other name counts in the handshake only: what stands before API servers may sort by this one.
            host = place.port == 443 ? place.host : connectTo
        } else {
            base = configuration.server
            connectTo = nil
            host = nil
        }
    }

    // MARK: Reading

    public func get(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) -> Value {
        let path = try RequestPath.object(type, name, subresource: nil)
        return try await object(Call("get", type.description, path: path))
    }

    public func document(at path: String) async throws(APIFailure) -> Value {
        let path = try RequestPath.checked(path)
        return try await object(Call("get", RequestPath.label(of: path), path: path))
    }

    public func page(
        _ type: ResourceType, _ selection: Selection, limit: Int, continuing: String?
    ) async throws(APIFailure) -> ObjectPage {
        let path = try RequestPath.list(type, namespace: selection.namespace)
        var limit = max(1, limit)
        while true {
            var query = selection.query
            query.append(("limit", String(limit)))
            if let continuing { query.append(("continue", continuing)) }
            var call = Call("list", type.description, path: path + RequestPath.query(query))
            call.maximumBytes = ClientLimits.maximumPageBytes
            if let reply = try await send(call) { return try ObjectReader.page(reply.body, type) }
            guard limit > 1 else { throw .malformed("one of \(type) is larger than \(call.maximumBytes) bytes") }
            limit = max(1, limit / 8)
        }
    }

    public func watch(
        _ type: ResourceType, _ selection: Selection, from resourceVersion: String
    ) async throws(APIFailure) -> AsyncThrowingStream<WatchEvent, any Error> {
        let path = try RequestPath.list(type, namespace: selection.namespace)
        let query =
            selection.query + [
                ("watch", "1"), ("resourceVersion", resourceVersion), ("allowWatchBookmarks", "true"),
                ("timeoutSeconds", String(ClientLimits.watchSeconds.randomElement() ?? 290)),
            ]
        var call = Call("watch", type.description, path: path + RequestPath.query(query))
        call.isStream = true
        guard let body = try await send(call)?.stream else { throw .malformed("a watch of \(type) has no body") }
        return WatchReader(body).stream
    }

    // MARK: Writing

    public func create(
        _ type: ResourceType, namespace: String?, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        let path = try RequestPath.list(type, namespace: namespace)
        var call = Call("create", type.description, path: path + RequestPath.query([Self.manager]))
        (call.method, call.body) = ("POST", body)
        return try await object(call)
    }

    public func replace(
        _ type: ResourceType, _ name: ObjectName, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        let path = try RequestPath.object(type, name, subresource: nil)
        var call = Call("update", type.description, path: path + RequestPath.query([Self.manager]))
        (call.method, call.body) = ("PUT", body)
        return try await object(call)
    }

    public func apply(
        _ type: ResourceType, _ name: ObjectName, subresource: String?, _ body: [UInt8]
    ) async throws(APIFailure) -> Value {
        let path = try RequestPath.object(type, name, subresource: subresource)
        let query = RequestPath.query([Self.manager, ("force", "true")])
        var call = Call("patch", type.description, path: path + query)
        // JSON is YAML.
        (call.method, call.body, call.contentType) = ("PATCH", body, "application/apply-patch+yaml")
        return try await object(call)
    }

    public func delete(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) {
        var call = Call("delete", type.description, path: try RequestPath.object(type, name, subresource: nil))
        call.method = "DELETE"
        _ = try await send(call)
    }

    private static let manager = (name: "fieldManager", value: fieldManager)

    // MARK: Exchange

    private struct Call {
        let verb: String
        let resource: String
        let path: String
        var method = "GET"
        var body: [UInt8]?
        var contentType = "application/json"
        var maximumBytes = ClientLimits.maximumObjectBytes
        var isStream = false

        init(_ verb: String, _ resource: String, path: String) {
            self.verb = verb
            self.resource = resource
            self.path = path
        }

        var timeout: Duration {
            if isStream { return ClientLimits.watchOpening }
            return verb == "get" ? ClientLimits.getTimeout : ClientLimits.requestTimeout
        }
    }

    private struct Reply {
        let status: Int
        let headers: HTTPClient.Headers
        var body: [UInt8] = []
        /// Of a watch that has begun.
        var stream: HTTPClient.StreamedResponse.Body?

        var isSuccess: Bool { (200..<300).contains(status) }

        /// Source: RFC 9110 10.2.3; the API server sends seconds.
        var retryDelay: Duration {
            let seconds = headers["retry-after"].flatMap { Int($0) } ?? 1
            return min(.seconds(max(1, seconds)), ClientLimits.maximumRetryDelay)
        }
    }

    private func object(_ call: Call) async throws(APIFailure) -> Value {
        guard let reply = try await send(call) else {
            throw .malformed("an answer larger than \(call.maximumBytes) bytes")
        }
        return try ObjectReader.object(reply.body)
    }

    /// What the API server answers, in the end; nil when that is larger than the call allows.
    private func send(_ call: Call) async throws(APIFailure) -> Reply? {
        var identity = try await keeper.identity()
        var (hasNewIdentity, hasReconnected, retries) = (false, false, 0)
        while true {
            let reply: Reply
            do throws(HTTPClient.Failure) {
                reply = try await observe(call, identity)
            } catch .tooLarge {
                return nil
            } catch {
                // A connection can end just as something is asked on it. Reading again harms nobody; where no connection
                // could be had, it would only take twice as long to say so.
                guard call.method == "GET", !hasReconnected, error.isBrokenConnection else { throw APIFailure(error) }
                hasReconnected = true
                continue
            }
            if reply.isSuccess { return reply }
            // (1) Not known, or no longer: the token may have been renewed since it was read.
            if reply.status == 401, !hasNewIdentity, let newer = try await keeper.identity(insteadOf: identity) {
                (identity, hasNewIdentity) = (newer, true)
                continue
            }
            // (2) Too busy: refused before anything was done, so that writes may be made again as well.
            if reply.status == 429, retries < ClientLimits.maximumRetries {
                retries += 1
                await sleep(reply.retryDelay)
                guard !Task.isCancelled else { throw .cancelled }
                continue
            }
            throw APIFailure(status: reply.status, body: reply.body)
        }
    }

    private func observe(_ call: Call, _ identity: Identity) async throws(HTTPClient.Failure) -> Reply {
        let beginning = ContinuousClock.now
        func tell(_ status: Int?) {
            observer?(
                APIObservation(
                    verb: call.verb, resource: call.resource, status: status, duration: beginning.duration(to: .now)))
        }
        do throws(HTTPClient.Failure) {
            let reply = try await exchange(call, identity)
            tell(reply.status)
            return reply
        } catch {
            if error != .cancelled { tell(nil) }
            throw error
        }
    }

    private func exchange(_ call: Call, _ identity: Identity) async throws(HTTPClient.Failure) -> Reply {
        let request = request(call, identity)
        guard call.isStream else {
            let response = try await http.send(request)
            return Reply(status: response.status, headers: response.headers, body: response.body)
        }
        let response = try await http.open(request, idleTimeout: ClientLimits.watchSilence)
        var reply = Reply(status: response.status, headers: response.headers)
        if reply.isSuccess {
            reply.stream = response.body
        } else {
            while reply.body.count < ClientLimits.maximumStatusBytes, let chunk = try await response.body.next() {
                reply.body += chunk
            }
        }
        return reply
    }

    private func request(_ call: Call, _ identity: Identity) -> HTTPClient.Request {
        var headers = [(name: "Accept", value: "application/json")]
        if let host { headers.append(("Host", host)) }
        if let authorization = identity.authorization { headers.append(("Authorization", authorization.value)) }
        for header in configuration.credentials.impersonation { headers.append((header.name, header.value)) }
        if call.body != nil { headers.append(("Content-Type", call.contentType)) }
        return HTTPClient.Request(
            method: call.method, url: base + call.path, headers: headers, body: call.body,
            maximumResponseBytes: call.isStream ? ClientLimits.maximumWaitingBytes : call.maximumBytes,
            deadline: .now + call.timeout, maximumRedirects: 0, onlyAuthorities: identity.authorities,
            connectTo: connectTo, proxy: configuration.proxy, clientCertificate: identity.certificate,
            verifiesPeer: configuration.verifiesServer, distrustsSilence: true)
    }
}

extension Selection {
    fileprivate var query: [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if let fieldSelector { query.append(("fieldSelector", fieldSelector)) }
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        return query
    }
}

extension HTTPClient.Failure {
    fileprivate var isBrokenConnection: Bool {
        switch self {
        case .disconnected, .truncated: true
        default: false
        }
    }
}
