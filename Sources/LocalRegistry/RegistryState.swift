import HTTPServer
import OCI

/// Everything that changes while the registry runs. ``LocalRegistry`` keeps it behind one lock: requests are small, and
/// a test wants to see them one after the other.
struct RegistryState: Sendable {
    /// Of the requests that came in, the last so many are remembered.
    private static let maximumSeen = 2_000

    /// `http://host:port`, for challenges; known once the registry listens.
    var origin = ""
    var storage = Storage()
    var uploads = Uploads()
    var tokens = TokenServer()
    var counts: [RequestKind: Int] = [:]
    var seen: [SeenRequest] = []
    private(set) var faults: FaultBook
    var behaviour: Behaviour {
        didSet { faults = FaultBook(behaviour.faults) }
    }

    init(behaviour: Behaviour) {
        self.behaviour = behaviour
        faults = FaultBook(behaviour.faults)
    }

    mutating func answer(_ request: RegistryRequest) -> Answer {
        // (1) Every request counts, also one that is refused.
        counts[request.kind, default: 0] += 1
        if seen.count == Self.maximumSeen { seen.removeFirst(Self.maximumSeen / 2) }
        seen.append(
            SeenRequest(
                method: request.head.method.description, target: request.target, kind: request.kind,
                authorization: request.authorization))

        // (2) What goes wrong, goes wrong before anybody is asked who they are.
        let fault = faults.meet(request.kind, target: request.target)
        if let fault, let answer = FaultyAnswer.instead(of: request, fault.effect) { return answer }

        // (3) Who may not, does not.
        if let refusal = refusal(of: request) { return refusal }

        // (4) The right answer, or what a fault makes of it.
        if let fault, case .takeTurns(let digests) = fault.effect, !digests.isEmpty,
            case .manifest(let repository, _) = request.route
        {
            return manifest(digests[fault.earlierHits % digests.count].description, in: repository)
        }
        let answer = rightAnswer(request)
        return fault.map { FaultyAnswer.spoiled(answer, $0.effect) } ?? answer
    }

    private mutating func refusal(of request: RegistryRequest) -> Answer? {
        switch behaviour.authentication {
        case .none:
            return nil
        case .basic(let user, let password):
            if request.authorization == Credentials.basic(user: user, password: password) { return nil }
            let challenge = [(name: "WWW-Authenticate", value: "Basic realm=\"\(TokenServer.service)\"")]
            return Answer(401, .unauthorized, "authentication required", headers: challenge)
        case .bearer(let rules):
            if request.route == .token { return nil }
            let prefix = "Bearer "
            let authorization = request.authorization ?? ""
            let token = authorization.hasPrefix(prefix) ? String(authorization.dropFirst(prefix.count)) : ""
            let check = tokens.check(token, for: request.scope)
            if case .allowed = check { return nil }
            var challenge =
                "Bearer realm=\"\(rules.realm ?? "\(origin)/token")\",service=\"\(TokenServer.service)\""
            if let scope = request.scope { challenge += ",scope=\"\(scope)\"" }
            if case .insufficientScope = check { challenge += ",error=\"insufficient_scope\"" }
            return Answer(
                401, .unauthorized, "authentication required", headers: [("WWW-Authenticate", challenge)])
        }
    }

    private mutating func rightAnswer(_ request: RegistryRequest) -> Answer {
        let query = request.head.query ?? ""
        switch (request.head.method, request.route) {
        case (.get, .ping), (.head, .ping):
            return Answer(json: Array("{}".utf8))
        case (.get, .manifest(let repository, let reference)), (.head, .manifest(let repository, let reference)):
            return manifest(reference, in: repository)
        case (.put, .manifest(let repository, let reference)):
            let type = request.head.header("content-type") ?? ""
            return put(StoredManifest(bytes: request.body, mediaType: type), as: reference, in: repository)
        case (.delete, .manifest(let repository, let reference)):
            return storage.remove(reference, in: repository)
                ? Answer(202) : Answer(404, .manifestUnknown, "manifest unknown")
        case (.get, .blob(let repository, let digest)), (.head, .blob(let repository, let digest)):
            return blob(digest, in: repository)
        case (.get, .referrers(let repository, let digest)):
            return referrers(of: digest, in: repository, query: query)
        case (.get, .tags(let repository)):
            return tags(in: repository, query: query)
        case (_, .uploads), (_, .upload):
            return upload(request, query: query)
        case (.get, .token), (.post, .token):
            guard case .bearer(let rules) = behaviour.authentication else {
                return Answer(404, .unsupported, "no tokens")
            }
            return tokens.answer(
                request.head.method, query: query, form: String(decoding: request.body, as: UTF8.self),
                authorization: request.authorization, rules)
        default:
            return Answer(405, .unsupported, "the operation is unsupported")
        }
    }
}
