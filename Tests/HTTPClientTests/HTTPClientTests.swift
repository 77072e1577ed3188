import HTTPServer
import Synchronization
import Testing

@testable import HTTPClient

@Suite struct RequestTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient(.init(userAgent: "countersign/test")) }

    @Test func returnsStatusHeadersAndBody() async throws {
        let server = try ScriptedServer(
            answering: "HTTP/1.1 404 Not Found\r\nLink:  <a> \r\nlink: <b>\r\nX-Empty:\r\nContent-Length: 4\r\n\r\ngone"
        )
        let response = try await client.send(.init(server.url + "/v2/?x=1"))
        #expect(response.status == 404)
        #expect(response.body == Array("gone".utf8))
        #expect(response.headers["LINK"] == "<a>")
        #expect(response.headers.all("link") == ["<a>", "<b>"])
        #expect(response.headers["x-empty"] == "")
        #expect(response.headers["absent"] == nil)
        #expect(response.finalURL == server.url + "/v2/?x=1")
        #expect(server.requests[0].line == "GET /v2/?x=1 HTTP/1.1")
    }

    @Test func sendsOnlyWhatItShould() async throws {
        let server = try ScriptedServer { _, socket in socket.write(answer()) }
        let body = [UInt8](repeating: 0x61, count: 2 << 20)
        _ = try await client.send(
            .init(server.url, method: "POST", headers: [("X-A", "1"), ("X-Empty", "")], body: body))
        let request = server.requests[0]
        #expect(request.line == "POST / HTTP/1.1")
        #expect(request.body == body)
        #expect(request.headers["user-agent"] == "countersign/test")
        #expect(request.headers["x-a"] == "1")
        #expect(request.headers["x-empty"] == "")
        for absent in ["accept-encoding", "expect", "content-type", "authorization", "cookie", "transfer-encoding"] {
            #expect(request.headers[absent] == nil, "\(absent)")
        }
    }

    @Test(arguments: [
        ("GET", nil as String?, nil as String?), ("HEAD", nil, nil), ("DELETE", nil, nil), ("POST", nil, "0"),
        ("PUT", nil, "0"), ("PUT", "abc", "3"), ("PATCH", "abc", "3"), ("DELETE", "abc", "3"),
    ])
    func sendsMethodAndLength(method: String, body: String?, length: String?) async throws {
        let server = try ScriptedServer { request, socket in
            socket.write(
                request.line.hasPrefix("HEAD")
                    ? Array("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n".utf8) : answer())
        }
        let response = try await client.send(.init(server.url, method: method, body: body.map { Array($0.utf8) }))
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        #expect(server.requests[0].line == "\(method) / HTTP/1.1")
        #expect(server.requests[0].headers["content-length"] == length)
        #expect(server.requests[0].body == Array((body ?? "").utf8))
    }

    @Test(arguments: [
        HTTPClient.Request("http://127.0.0.1:1/", method: ""),
        HTTPClient.Request("http://127.0.0.1:1/", method: "GET /x"),
        HTTPClient.Request("http://127.0.0.1:1/", headers: [("X-A", "1\r\nX-B: 2")]),
        HTTPClient.Request("http://127.0.0.1:1/", headers: [("X-A", "1\u{0}")]),
        HTTPClient.Request("http://127.0.0.1:1/", headers: [("X A", "1")]),
        HTTPClient.Request("http://127.0.0.1:1/", headers: [("", "1")]),
        HTTPClient.Request("http://127.0.0.1:1/", headers: [("Content-Length", "1")]),
        HTTPClient.Request("http://127.0.0.1:1/", headers: [("transfer-encoding", "chunked")]),
        HTTPClient.Request("http://127.0.0.1:1/a b"),
        HTTPClient.Request("http://127.0.0.1:1/\u{0}"),
        HTTPClient.Request("http://127.0.0.1:1/\r\nX: y"),
        HTTPClient.Request("http://user:password@127.0.0.1:1/"),
        HTTPClient.Request("ftp://127.0.0.1:1/"),
        HTTPClient.Request("file:///etc/passwd"),
        HTTPClient.Request("/relative"),
        HTTPClient.Request("http://"),
        HTTPClient.Request(""),
    ])
    func refusesMalformedRequests(request: HTTPClient.Request) async {
        guard case .malformed = await failure(of: request, by: client) else {
            Issue.record("\(request.method) \(request.url) was not refused")
            return
        }
    }

    @Test func keepsConnections() async throws {
        let server = try ScriptedServer { _, socket in socket.write(answer(body: "x")) }
        for _ in 0..<20 { _ = try await client.send(.init(server.url)) }
        #expect(server.requests.count == 20)
        #expect(server.connections == 1)
    }

    @Test func retriesOnAConnectionThatTheServerEndedMeanwhile() async throws {
        let server = try ScriptedServer { _, socket in
            socket.write(answer(body: "x"))
            return false  // without having said so
        }
        for _ in 0..<5 { #expect(try await client.send(.init(server.url)).status == 200) }
    }

    @Test func boundsConnectionsToAHost() async throws {
        let client = try HTTPClient(.init(maximumConnectionsPerHost: 3))
        let server = try ScriptedServer { _, socket in socket.write(answer(body: "x")) }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await client.send(.init(server.url)).status } }
            for try await status in group { #expect(status == 200) }
        }
        #expect(server.requests.count == 100)
        #expect(server.mostOpenConnections <= 3)
    }

    @Test func goesThroughTheProxyThatItWasGiven() async throws {
        let proxy = try ScriptedServer { _, socket in socket.write(answer(body: "from the proxy")) }
        let client = try HTTPClient(.init(proxy: .init(httpProxy: proxy.url, noProxy: "direct.example,127.0.0.1")))
        let proxied = try await client.send(.init("http://registry.example/v2/"))
        #expect(proxied.body == Array("from the proxy".utf8))
        #expect(proxy.requests.map(\.line) == ["GET http://registry.example/v2/ HTTP/1.1"])

        let server = try ScriptedServer { _, socket in socket.write(answer(body: "direct")) }
        #expect(try await client.send(.init(server.url)).body == Array("direct".utf8))
        #expect(proxy.requests.count == 1)
    }

    @Test func readsTheProxyFromAnEnvironment() {
        let proxy = HTTPClient.ProxySettings(environment: [
            "HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:2", "HTTP_PROXY": "http://c:3", "NO_PROXY": "d,e",
        ])
        #expect(proxy.httpsProxy == "http://b:2")
        #expect(proxy.httpProxy == nil)
        #expect(proxy.noProxy == "d,e,localhost,127.0.0.0/8,::1")
        #expect(HTTPClient.ProxySettings(environment: ["https_proxy": ""]).httpsProxy == nil)
        #expect(HTTPClient.ProxySettings(environment: ["no_proxy": "a, *"]).noProxy == "*")
    }

    @Test(arguments: ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
    func reachesThisMachineWithoutTheProxyOfAnEnvironment(host: String) async throws {
        let proxy = try ScriptedServer { _, socket in socket.write(answer(body: "from the proxy")) }
        let environment = ["http_proxy": proxy.url, "no_proxy": "a.example"]
        let client = try HTTPClient(.init(proxy: .init(environment: environment)))
        // Whether somebody is there or not: nobody asks the proxy.
        _ = await failure(of: .init("http://\(host):\(try BlockingListener().port)/"), by: client)
        #expect(proxy.requests.isEmpty)
        #expect(try await client.send(.init("http://registry.example/")).body == Array("from the proxy".utf8))
    }

    @Test(arguments: ["ftp://me:hunter2@127.0.0.1:1", "http://me:hunter2@[", "http://me:hunter2@127.0.0.1:1"])
    func tellsNobodyTheCredentialsOfAProxy(proxy: String) async throws {
        let client = try HTTPClient(.init(proxy: .init(httpsProxy: proxy)))
        let failure = try #require(await failure(of: .init("https://registry.example/v2/"), by: client))
        #expect(!failure.description.contains("hunter2"), "\(failure)")
    }

    @Test func saysWhatTheProxyRefused() async throws {
        let proxy = try ScriptedServer { _, socket in
            socket.write(answer("407 Proxy Authentication Required"))
        }
        let client = try HTTPClient(.init(proxy: .init(httpsProxy: proxy.url)))
        guard case .unreachable(let reason) = await failure(of: .init("https://registry.example/v2/"), by: client)
        else {
            Issue.record("the proxy's refusal was taken for an answer")
            return
        }
        #expect(reason.contains("407"))
        #expect(proxy.requests.map(\.line) == ["CONNECT registry.example:443 HTTP/1.1"])
    }

    @Test func resolvesNothingForAnImpossibleName() async {
        let host = String(repeating: "a", count: 70) + ".invalid"
        let failure = await failure(of: .init("http://\(host)/"), by: client)
        #expect(failure == .unreachable("no address was found for \(host)"))
    }

    @Test func saysThatAConnectionWasRefused() async throws {
        let port = try { try BlockingListener().port }()
        let failure = await failure(of: .init("http://127.0.0.1:\(port)/"), by: client)
        #expect(failure == .unreachable("cannot connect to 127.0.0.1:\(port): connection refused"))
    }
}

@Suite struct HostileServerTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient(.init()) }

    static let limit = 64 << 10

    @Test func takesABodyOfExactlyTheLimit() async throws {
        let body = String(repeating: "a", count: Self.limit)
        let server = try ScriptedServer { _, socket in socket.write(answer(body: body)) }
        #expect(try await client.send(.init(server.url)).body.count == Self.limit)
    }

    @Test func refusesALengthAboveTheLimitUnread() async throws {
        let server = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: \(Self.limit + 1)\r\n\r\n")
        #expect(await failure(of: .init(server.url), by: client) == .tooLarge(limit: Self.limit))
    }

    @Test(arguments: ["Transfer-Encoding: chunked", "Connection: close"])
    func cutsAnEndlessBody(framing: String) async throws {
        let server = try ScriptedServer { _, socket in
            socket.write(Array("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n".utf8))
            let chunk = Array(("1000\r\n" + String(repeating: "a", count: 0x1000) + "\r\n").utf8)
            // Ends when the client does: gigabytes would take longer than the test's time limit.
            while socket.write(chunk) {}
            return false
        }
        #expect(await failure(of: .init(server.url), by: client) == .tooLarge(limit: Self.limit))
    }

    @Test(arguments: ["X-Long: \(String(repeating: "a", count: 99))\r\n", "HTTP/1.1 100 Continue\r\n\r\n"])
    func cutsAnEndlessHeader(line: String) async throws {
        let server = try ScriptedServer { _, socket in
            if !line.hasPrefix("HTTP") { socket.write(Array("HTTP/1.1 200 OK\r\n".utf8)) }
            while socket.write(Array(line.utf8)) {}
            return false
        }
        let expected = HTTPClient.Failure.headerTooLarge(limit: HTTPClient.maximumHeaderBytes)
        #expect(await failure(of: .init(server.url), by: client) == expected)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
    ])
    func reportsATruncatedBody(text: String) async throws {
        let server = try ScriptedServer(answering: text)
        #expect(await failure(of: .init(server.url), by: client) == .truncated)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nX: y", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 20",
    ])
    func reportsWhatIsNoAnswer(text: String) async throws {
        let server = try ScriptedServer(answering: text)
        switch await failure(of: .init(server.url), by: client) {
        case .malformed, .disconnected, .truncated: break
        case let other: Issue.record("\(text) came to \(String(describing: other))")
        }
    }

    @Test func passesInterimAnswersAndTrailersBy() async throws {
        let server = try ScriptedServer(
            answering:
                "HTTP/1.1 103 Early Hints\r\nLink: <early>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                + "Trailer: Link\r\n\r\n2\r\nok\r\n0\r\nLink: <late>\r\n\r\n")
        let response = try await client.send(.init(server.url))
        #expect(response.body == Array("ok".utf8))
        #expect(response.headers["link"] == nil)
    }
}

@Suite struct LifetimeTests {
    /// A server that takes requests and never answers, and a way to know that it has one.
    private static func silentServer() throws -> (ScriptedServer, AsyncStream<Void>) {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let server = try ScriptedServer { _, socket in
            continuation.yield()
            return !socket.read(upTo: 1).isEmpty
        }
        return (server, stream)
    }

    @Test func timesOutAtTheDeadline() async throws {
        let client = try HTTPClient(.init())
        let (server, _) = try Self.silentServer()
        var request = HTTPClient.Request(server.url)
        request.deadline = .now + .milliseconds(50)
        #expect(await failure(of: request, by: client) == .timedOut)
        #expect(request.deadline <= .now)
    }

    @Test func timesOutWhileABodyDribbles() async throws {
        let client = try HTTPClient(.init())
        let server = try ScriptedServer { _, socket in
            socket.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nab".utf8))
            return !socket.read(upTo: 1).isEmpty
        }
        var request = HTTPClient.Request(server.url)
        request.deadline = .now + .milliseconds(50)
        #expect(await failure(of: request, by: client) == .timedOut)
    }

    @Test func timesOutWhileItWaitsForAConnection() async throws {
        let client = try HTTPClient(.init(maximumConnectionsPerHost: 1))
        let (server, arrivals) = try Self.silentServer()
        let url = server.url
        let first = Task { await failure(of: .init(url), by: client) }
        for await _ in arrivals { break }
        var second = HTTPClient.Request(url)
        second.deadline = .now + .milliseconds(50)
        #expect(await failure(of: second, by: client) == .timedOut)
        #expect(server.requests.count == 1)
        first.cancel()
        #expect(await first.value == .cancelled)
    }

    @Test func doesNotBeginAfterTheDeadline() async throws {
        let client = try HTTPClient(.init())
        let server = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\n\r\n")
        var request = HTTPClient.Request(server.url)
        request.deadline = .now
        #expect(await failure(of: request, by: client) == .timedOut)
        #expect(server.connections == 0)
    }

    @Test func endsWhenTheTaskIsCancelled() async throws {
        let client = try HTTPClient(.init())
        let (server, arrivals) = try Self.silentServer()
        let url = server.url
        let task = Task { await failure(of: .init(url), by: client) }
        for await _ in arrivals { break }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func endsWhenTheTaskWasCancelledBefore() async throws {
        let client = try HTTPClient(.init())
        let (server, _) = try Self.silentServer()
        let url = server.url
        let (never, continuation) = AsyncStream<Void>.makeStream()
        defer { continuation.finish() }
        let task = Task {
            for await _ in never {}  // ends when the task is cancelled
            return await failure(of: .init(url), by: client)
        }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func endsItsConnectionsWhenNobodyHoldsItAnyMore() async throws {
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        let server = try ScriptedServer { _, socket in
            socket.write(answer())
            let isOpen = !socket.read(upTo: 1).isEmpty
            continuation.yield()
            return isOpen
        }
        var client: HTTPClient? = try HTTPClient(.init())
        #expect(try await client?.send(.init(server.url)).status == 200)
        client = nil
        for await _ in ends { break }
    }

    @Test func failsWhatRunsWhenItIsClosed() async throws {
        let client = try HTTPClient(.init())
        let (server, arrivals) = try Self.silentServer()
        let url = server.url
        let task = Task { await failure(of: .init(url), by: client) }
        for await _ in arrivals { break }
        client.close()
        #expect(await task.value == .closed)
        #expect(await failure(of: .init(url), by: client) == .closed)
        client.close()
    }
}
