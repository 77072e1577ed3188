import HTTPServer
import Testing

@testable import HTTPClient

@Suite struct RedirectTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient(.init()) }

    private static func request(_ url: String, method: String = "GET") -> HTTPClient.Request {
        var request = HTTPClient.Request(
            url, method: method,
            headers: [("Accept", "x"), ("authorization", "Bearer t"), ("Cookie", "c"), ("Content-Type", "text/plain")],
            body: method == "GET" || method == "HEAD" ? nil : [1])
        request.clientCertificate = .init(certificatePEM: "c", privateKeyPEM: "k")
        request.verifiesPeer = false
        return request
    }

    @Test(arguments: [
        ("https://a.example/x", "https://a.example/y", true),
        ("https://a.example/x", "https://A.example:443/y", true),
        ("http://a.example:80/x", "http://a.example/y", true),
        ("https://a.example/x", "https://a.example:444/y", false),
        ("https://a.example/x", "https://b.a.example/y", false),
        ("https://a.example/x", "https://a.example./y", false),
        ("http://a.example/x", "https://a.example/y", false),
        ("http://a.example:443/x", "https://a.example:443/y", false),
    ])
    func credentialsStayWithTheirOrigin(from: String, to: String, stay: Bool) throws {
        let next = try #require(try Redirect.next(after: 307, target: to, from: Self.request(from)))
        let names = next.headers.map { $0.name.lowercased() }
        #expect(next.url == to)
        #expect(names.contains("accept"))
        #expect(names.contains("authorization") == stay)
        #expect(names.contains("cookie") == stay)
        #expect((next.clientCertificate != nil) == stay)
        #expect(next.verifiesPeer == !stay)
        #expect(next.maximumRedirects == 4)
    }

    @Test(arguments: [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"),
        (301, "PUT", "PUT"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"), (302, "HEAD", "HEAD"), (302, "GET", "GET"),
    ])
    func methodsChangeAsRFC9110Says(status: Int, method: String, expected: String) throws {
        let request = Self.request("http://a.example/", method: method)
        let next = try #require(try Redirect.next(after: status, target: "http://a.example/2", from: request))
        #expect(next.method == expected)
        #expect((next.body != nil) == (expected == "POST" || expected == "PUT"))
    }

    @Test(arguments: [200, 300, 304, 305, 399, 401, 500])
    func otherAnswersAreFinal(status: Int) throws {
        let request = Self.request("http://a.example/")
        #expect(try Redirect.next(after: status, target: "http://a.example/2", from: request) == nil)
        #expect(try Redirect.next(after: 302, target: nil, from: request) == nil)
    }

    @Test(arguments: [
        "http://a.example/", "ftp://a.example/", "file:///etc/passwd", "https://u:p@a.example/", "gopher://a/",
    ])
    func dangerousTargetsAreRefused(target: String) throws {
        #expect {
            try Redirect.next(after: 302, target: target, from: Self.request("https://a.example/"))
        } throws: { error in
            if case HTTPClient.Failure.redirectRefused = error { true } else { false }
        }
    }

    @Test func followsRelativeAndAbsoluteTargets() async throws {
        let server = try ScriptedServer { request, socket in
            switch request.line.split(separator: " ")[1] {
            case "/a/b": socket.write(answer("302 Found", headers: ["Location: ../c?d=1"], body: "moved"))
            case "/c?d=1":
                socket.write(
                    answer("301 Moved", headers: ["Location: http://\(request.headers["host"] ?? "")/end"]))
            default: socket.write(answer(body: "end"))
            }
        }
        let response = try await client.send(.init(server.url + "/a/b", headers: [("Authorization", "Bearer t")]))
        #expect(response.body == Array("end".utf8))
        #expect(response.finalURL == server.url + "/end")
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer t", "Bearer t", "Bearer t"])
    }

    @Test func leavesCredentialsBehindOnAnotherPort() async throws {
        let storage = try ScriptedServer { _, socket in socket.write(answer(body: "blob")) }
        let location = storage.url + "/blob?signature=s"
        let server = try ScriptedServer { _, socket in
            socket.write(answer("307 Temporary Redirect", headers: ["Location: \(location)"]))
        }
        let headers = [(name: "Authorization", value: "Bearer t"), (name: "Accept", value: "*/*")]
        let response = try await client.send(.init(server.url, headers: headers))
        #expect(response.body == Array("blob".utf8))
        #expect(server.requests[0].headers["authorization"] == "Bearer t")
        #expect(storage.requests[0].headers["authorization"] == nil)
        #expect(storage.requests[0].line == "GET /blob?signature=s HTTP/1.1")
    }

    @Test(arguments: [0, 1, 5])
    func endsALoop(redirects: Int) async throws {
        let server = try ScriptedServer { _, socket in socket.write(answer("302 Found", headers: ["Location: /again"]))
        }
        var request = HTTPClient.Request(server.url)
        request.maximumRedirects = redirects
        #expect(await failure(of: request, by: client) == .tooManyRedirects)
        #expect(server.requests.count == redirects + 1)
    }

    @Test func refusesAnEndlessBodyOfARedirect() async throws {
        let server = try ScriptedServer { _, socket in
            socket.write(Array("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n".utf8))
            while socket.write([UInt8](repeating: 0x61, count: 4096)) {}
            return false
        }
        #expect(await failure(of: .init(server.url), by: client) == .tooLarge(limit: 64 << 10))
    }
}
