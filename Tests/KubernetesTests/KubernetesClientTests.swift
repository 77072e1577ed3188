import HTTPClient
import HTTPServer
import JSON
import OpenSSL
import Synchronization
import Testing

@testable import Kubernetes

private let pod = ObjectName("web", namespace: "shop")
private let object = #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","resourceVersion":"7"}}"#

@Suite("The client of an API server", .timeLimit(.minutes(1)))
struct KubernetesClientTests {
    @Test("Each verb has its method, path, query and body")
    func requests() async throws {
        let api = try ScriptedAPI(.init(object))
        let client = try api.client()
        let body = Array("{}".utf8)
        _ = try await client.get(.pods, pod)
        _ = try await client.get(.namespaces, ObjectName("shop", namespace: "ignored"))
        _ = try await client.create(.pods, namespace: "shop", body)
        _ = try await client.create(.clusterPolicies, namespace: nil, body)
        _ = try await client.replace(.leases, pod, body)
        _ = try await client.apply(.policies, pod, subresource: "status", body)
        _ = try await client.apply(.clusterPolicies, ObjectName("system:node/x?é"), body)
        try await client.delete(.pods, pod)
        _ = try await client.document(at: "/apis/apps/v1?x=1")
        #expect(
            api.seen.map(\.target) == [
                "GET /api/v1/namespaces/shop/pods/web",
                "GET /api/v1/namespaces/shop",
                "POST /api/v1/namespaces/shop/pods?fieldManager=countersign",
                "POST /apis/kyverno.io/v1/clusterpolicies?fieldManager=countersign",
                "PUT /apis/coordination.k8s.io/v1/namespaces/shop/leases/web?fieldManager=countersign",
                "PATCH /apis/kyverno.io/v1/namespaces/shop/policies/web/status?fieldManager=countersign&force=true",
                "PATCH /apis/kyverno.io/v1/clusterpolicies/system%3Anode%2Fx%3F%C3%A9?fieldManager=countersign&force=true",
                "DELETE /api/v1/namespaces/shop/pods/web",
                "GET /apis/apps/v1?x=1",
            ])
        #expect(
            api.seen.map { $0.headers["content-type"] ?? "" } == [
                "", "", "application/json", "application/json", "application/json", "application/apply-patch+yaml",
                "application/apply-patch+yaml", "", "",
            ])
        #expect(api.seen.allSatisfy { $0.headers["accept"] == "application/json" })
        #expect(api.seen[2].body == body)
    }

    @Test("A name or a path that leads elsewhere is not asked for", arguments: ["", ".", ".."])
    func names(name: String) async throws {
        let api = try ScriptedAPI(.init(object))
        let client = try api.client()
        #expect(
            await failure { () async throws(APIFailure) in try await client.get(.namespaces, ObjectName(name)) } != nil)
        #expect(
            await failure { () async throws(APIFailure) in
                try await client.get(.pods, ObjectName("web", namespace: name))
            } != nil)
        #expect(await failure { () async throws(APIFailure) in try await client.get(.pods, ObjectName("web")) } != nil)
        #expect(api.seen.isEmpty)
    }

    @Test(
        "Paths are taken as they are, or not at all",
        arguments: [
            "", "api", "//host/x", "/api/../secrets", "/api/%2e%2E/x", "/api/a%2Fb", "/a b", "/a#b", "/a\\..\\b", "/.",
            "/é",
        ])
    func paths(path: String) async throws {
        let api = try ScriptedAPI(.init(object))
        let client = try api.client()
        #expect(await failure { () async throws(APIFailure) in try await client.document(at: path) } != nil)
        #expect(api.seen.isEmpty)
    }

    @Test("Pages of a list, with kinds for items that lack them")
    func pages() async throws {
        let api = try ScriptedAPI(
            .init(
                #"{"kind":"PodList","metadata":{"resourceVersion":"9","continue":"more"},"items":[{"metadata":{"name":"a"}},{"kind":"Pod","metadata":{"name":"b"}},{}]}"#
            ),
            .init(#"{"kind":"PodList","metadata":{"resourceVersion":"9"},"items":null}"#))
        let client = try api.client()
        let selection = Selection(namespace: "shop", fieldSelector: "metadata.name=a", labelSelector: "app=web,x!=y")
        let page = try await client.page(.pods, selection, limit: 500, continuing: nil)
        #expect(
            page.items.map(\.description) == [
                #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}"#,
                #"{"kind":"Pod","metadata":{"name":"b"}}"#, "{}",
            ])
        #expect(page.resourceVersion == "9")
        #expect(page.next == "more")
        let last = try await client.page(.pods, selection, limit: 500, continuing: "m/+=")
        #expect(last.items.isEmpty && last.next == nil)
        let list = "GET /api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Da&labelSelector=app%3Dweb%2Cx%21%3Dy"
        #expect(api.seen.map(\.target) == [list + "&limit=500", list + "&limit=500&continue=m%2F%2B%3D"])
    }

    @Test("A page that is too large is asked for in smaller ones")
    func largePages() async throws {
        let api = try ScriptedAPI { seen, _ in
            guard seen.line.contains("limit=1 ") else {
                var answer = ScriptedAPI.Answer("")
                answer.bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".utf8)
                answer.goesOn = false
                return answer
            }
            return .init(#"{"metadata":{"resourceVersion":"1"},"items":[]}"#)
        }
        _ = try await api.client().page(.pods, .all, limit: 100, continuing: nil)
        #expect(api.seen.map { String($0.target.split(separator: "=")[1]) } == ["100", "12", "1"])
    }

    @Test("What the API server says is what the failure says")
    func failures() async throws {
        let long = String(repeating: "x", count: 5_000)
        let api = try ScriptedAPI(
            .failure(404, "NotFound"), .failure(409, "Conflict"), .failure(410, "Expired"), .failure(403, "Forbidden"),
            .init("502 Bad Gateway", "<html>secret</html>"),
            .init("500 Oh", #"{"kind":"Status","message":"two\nlines \#(long)"}"#), .init("no json"),
            .init("302 Found", headers: ["Location: http://127.0.0.1:1/"], ""))
        let client = try api.client()
        func next() async -> APIFailure? {
            await failure { () async throws(APIFailure) in try await client.get(.pods, pod) }
        }
        #expect(await next() == .status(404, reason: "NotFound", message: "about NotFound"))
        #expect(await next()?.isConflict == true)
        #expect(await next()?.isGone == true)
        #expect(await next()?.isForbidden == true)
        #expect(await next() == .status(502, reason: "", message: ""))
        guard case .status(500, "", let message)? = await next() else {
            Issue.record("not 500")
            return
        }
        #expect(message.hasPrefix("two lines xxx") && message.count == ClientLimits.maximumMessageLength)
        guard case .malformed? = await next() else {
            Issue.record("no JSON was taken")
            return
        }
        #expect(await next() == .malformed("it redirects"))
        #expect(api.seen.count == 8)
    }

    @Test("Nobody there is a failure of its own, and asked for once")
    func unreachable() async throws {
        let asked = Mutex(0)
        let client = KubernetesClient(
            http: try HTTPClient(.init()), configuration: try ClusterConfiguration(server: "http://127.0.0.1:1"),
            observer: { _ in asked.withLock { $0 += 1 } })
        let refused = await failure { () async throws(APIFailure) in try await client.get(.pods, pod) }
        #expect(refused == .unreachable("cannot connect to 127.0.0.1:1: connection refused"))
        #expect(asked.withLock { $0 } == 1)
    }

    /// Answers with an object whose name is the host that was asked.
    private struct HostTeller: Service {
        func handle(
            _ head: RequestHead, body: Span<UInt8>, respond: inout HTTPServer.Response, later: () -> Reply
        ) -> Disposition {
            respond = HTTPServer.Response(
                status: 200, text: #"{"kind":"Pod","metadata":{"name":"\#(head.header("host") ?? "")"}}"#)
            return .answered
        }
    }

    @Test("A name that is on the certificate only counts there only")
    func serverName() async throws {
        let key = try PrivateKey.generate()
        let certificate = try Certificate.selfSigned(
            commonName: "test", dnsNames: ["kubernetes.default.svc"], ipAddresses: [], key: key, days: 1)
        let tls = try TLSContext(certificateChainPEM: certificate.pem, privateKeyPEM: try key.pem)
        let server = try Server(Server.Configuration(tls: tls), service: HostTeller())
        server.start()
        defer { server.stop() }
        let place = "127.0.0.1:\(server.port)"
        var configuration = try ClusterConfiguration(server: "https://" + place, authorities: certificate.pem)
        configuration.serverName = "kubernetes.default.svc"
        let client = KubernetesClient(http: try HTTPClient(.init()), configuration: configuration)
        #expect(try await client.get(.pods, pod)["metadata"]?["name"]?.string == place)
        configuration.serverName = "other.default.svc"
        let other = KubernetesClient(http: try HTTPClient(.init()), configuration: configuration)
        #expect(await failure { () async throws(APIFailure) in try await other.get(.pods, pod) } != nil)
    }

    @Test("A connection that ends under a read is opened again, once; a write is not repeated")
    func brokenConnections() async throws {
        let once = try ScriptedAPI(.hangUp, .init(object))
        _ = try await once.client().get(.pods, pod)
        let always = try ScriptedAPI(.hangUp)
        let client = try always.client()
        #expect(await failure { () async throws(APIFailure) in try await client.get(.pods, pod) } != nil)
        #expect(always.seen.count == 2)
        #expect(await failure { () async throws(APIFailure) in try await client.delete(.pods, pod) } != nil)
        #expect(always.seen.count == 3)
    }

    @Test("A server that is too busy is given the time that it asks for, a few times")
    func busy() async throws {
        let naps = Mutex<[Duration]>([])
        let api = try ScriptedAPI(
            .failure(429, "TooManyRequests", headers: ["Retry-After: 2"]), .failure(429, "TooManyRequests"),
            .failure(429, "TooManyRequests", headers: ["Retry-After: 3600"]), .init(object),
            .failure(429, "TooManyRequests"))
        let client = try api.client(sleep: { delay in naps.withLock { $0.append(delay) } })
        _ = try await client.create(.pods, namespace: "shop", [])
        #expect(naps.withLock { $0 } == [.seconds(2), .seconds(1), .seconds(5)])
        let refused = await failure { () async throws(APIFailure) in try await client.get(.pods, pod) }
        #expect(refused == .status(429, reason: "TooManyRequests", message: "about TooManyRequests"))
        #expect(api.seen.count == 4 + 1 + ClientLimits.maximumRetries)
    }

    @Test("Every exchange is observed, with what it was about")
    func observation() async throws {
        let log = Mutex<[String]>([])
        let api = try ScriptedAPI(.init(object), .failure(404, "NotFound"), .init(watch: ""), .init(object), .hangUp)
        let client = try api.client(observer: { observation in
            let line = "\(observation.verb) \(observation.resource) \(observation.status ?? 0) \(observation.isWrite)"
            log.withLock { $0.append(line) }
        })
        _ = try await client.apply(.policies, pod, subresource: "status", [])
        _ = try? await client.get(.pods, pod)
        _ = try await client.watch(.pods, .all, from: "1")
        _ = try await client.document(at: "/apis?x=1")
        _ = try? await client.delete(.pods, pod)
        #expect(
            log.withLock { $0 } == [
                "patch policies.kyverno.io 200 true", "get pods 404 false", "watch pods 200 false",
                "get discovery 200 false",
                "delete pods 0 true",
            ])
    }
}

@Suite("Watches of a client", .timeLimit(.minutes(1)))
struct WatchTests {
    private func names(_ api: ScriptedAPI, from version: String = "7") async throws -> (
        events: [String], failure: APIFailure?
    ) {
        var events: [String] = []
        do {
            for try await event in try await api.client().watch(.pods, Selection(namespace: "shop"), from: version) {
                switch event {
                case .added(let object): events.append("+" + (object["metadata"]?["name"]?.string ?? ""))
                case .modified(let object): events.append("~" + (object["metadata"]?["name"]?.string ?? ""))
                case .deleted(let object): events.append("-" + (object["metadata"]?["name"]?.string ?? ""))
                case .bookmark(let version): events.append("@" + version)
                }
            }
            return (events, nil)
        } catch let failure as APIFailure {
            return (events, failure)
        }
    }

    private static let lines = """
        {"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"8"}}}
        {"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"9"}}}

        {"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"10"}}}
        {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}

        """

    @Test("Lines become events, and the end is an end")
    func events() async throws {
        let api = try ScriptedAPI(.init(watch: Self.lines))
        let (events, failure) = try await names(api)
        #expect(events == ["+a", "~a", "-a", "@12"])
        #expect(failure == nil)
        let target = try #require(api.seen.first?.target)
        #expect(
            target.hasPrefix(
                "GET /api/v1/namespaces/shop/pods?watch=1&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds="))
        #expect(ClientLimits.watchSeconds.contains(Int(target.split(separator: "=").last ?? "") ?? 0))
    }

    @Test("What came before a break counts, and half a line does not")
    func breaks() async throws {
        let broken = try await names(try ScriptedAPI(.init(watch: Self.lines + #"{"type":"ADDED","obj"#, breaks: true)))
        #expect(broken.events.count == 4)
        #expect(broken.failure == .unreachable("the connection ended before the answer was complete"))
        let cut = try await names(try ScriptedAPI(.init(watch: Self.lines + #"{"type":"ADDED","obj"#)))
        #expect(cut.failure == .unreachable("a watch ended in the middle of a line"))
    }

    @Test("An ERROR line and a refusal say the same: too old")
    func gone() async throws {
        let line =
            #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"# + "\n"
        let gone = APIFailure.status(410, reason: "Expired", message: "too old")
        #expect(try await names(try ScriptedAPI(.init(watch: line))).failure == gone)
        let refused = try await names(try ScriptedAPI(.failure(410, "Expired")))
        #expect(refused.failure == .status(410, reason: "Expired", message: "about Expired"))
    }

    @Test(
        "What is no event ends the watch",
        arguments: [
            "nonsense", "{}", #"{"type":"ADDED"}"#, #"{"type":"ADDED","object":1}"#, #"{"type":"NEW","object":{}}"#,
            #"{"type":"BOOKMARK","object":{"metadata":{}}}"#,
        ])
    func malformed(line: String) async throws {
        guard case .malformed? = try await names(try ScriptedAPI(.init(watch: line + "\n"))).failure else {
            Issue.record("\(line) was taken")
            return
        }
    }
}
