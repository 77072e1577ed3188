import HTTPClient
import OCI
import Testing
import Waiting

@testable import Registry

@Suite struct RetryTests {
    static func get(
        _ answers: [Answer], within seconds: Int = 60
    ) async -> (status: Int?, requests: Int, slept: [Duration]) {
        let time = FakeTime()
        let transport = FakeTransport { _, number in answers[min(number, answers.count - 1)] }
        let wire = Wire(transport: transport, requestsPerHost: 1, observer: nil, surroundings: time.surroundings)
        let request = HTTPClient.Request(
            url: "https://registry.example/", maximumResponseBytes: 1,
            deadline: time.surroundings.now() + .seconds(seconds))
        let response = try? await wire.send(request, to: "registry.example")
        return (response?.status, transport.requests.count, time.slept)
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func busyServersAreAskedAgain(status: Int) async {
        let result = await Self.get([.answer(status), .answer(status), .answer(200)])
        #expect(result.status == 200)
        #expect(result.slept == [.milliseconds(200), .milliseconds(400)])
        #expect(await Self.get([.answer(status)]).requests == 3)
    }

    @Test(arguments: [200, 204, 301, 400, 401, 403, 404, 406, 416])
    func otherAnswersAreFinal(status: Int) async {
        let result = await Self.get([.answer(status)])
        #expect(result.status == status && result.requests == 1)
    }

    @Test(arguments: [HTTPClient.Failure.timedOut, .unreachable("x"), .truncated])
    func failuresAreFinal(failure: HTTPClient.Failure) async {
        let result = await Self.get([.failure(failure), .answer(200)])
        #expect(result.status == nil && result.requests == 1)
    }

    static let headers: [(String, Duration)] = [
        ("3", .seconds(2.9)), ("0", .milliseconds(200)), ("Sun, 06 Nov 1994 08:49:47 GMT", .seconds(9.9)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", .milliseconds(200)), ("-3", .milliseconds(200)), ("soon", .milliseconds(200)),
        ("", .milliseconds(200)),
    ]

    @Test(arguments: headers)
    func retryAfterIsHonoured(value: String, pause: Duration) async {
        let result = await Self.get([.answer(429, "", [("Retry-After", value)]), .answer(200)])
        #expect(result.status == 200)
        // The asked wait is jittered by half the backoff at most.
        #expect(abs(result.slept[0] / .seconds(1) - pause / .seconds(1)) <= 0.21)
    }

    @Test(arguments: ["61", "99999999999999999999", "9223372036854775807", "3600"])
    func noWaitPastTheDeadline(value: String) async {
        let result = await Self.get([.answer(503, "", [("Retry-After", value)]), .answer(200)])
        #expect((result.status == 503 && result.slept.isEmpty) || value == "99999999999999999999")
    }

    @Test func theDeadlineBoundsAllAttempts() async {
        let result = await Self.get([.answer(503)], within: 0)
        #expect(result.requests == 0 || result.slept.isEmpty)
    }
}

@Suite struct ConcurrencyTests {
    @Test func requestsToOneHostAreBounded() async throws {
        let inside = Counter()
        let transport = FakeTransport { _, _ in
            inside.add(1)
            await Task.yield()
            inside.add(-1)
            return .answer(200, Sample.manifest)
        }
        var configuration = RegistryConfiguration()
        configuration.limits.requestsPerHost.value = 2
        let client = Sample.client(transport, configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    _ = try await client.manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline)
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.most <= 2 && transport.requests.count == 50)
    }

    @Test func waitingForAPlaceEndsAtTheDeadline() async throws {
        let gate = Flight<Void>()
        let transport = FakeTransport { _, _ in
            _ = await gate.value(until: Sample.deadline)
            return .answer(200, Sample.manifest)
        }
        var configuration = RegistryConfiguration()
        configuration.limits.requestsPerHost.value = 1
        let client = Sample.client(transport, configuration)
        let first = Task { try await client.manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline) }
        while transport.requests.isEmpty { await Task.yield() }
        await #expect(throws: RegistryFailure.timedOut(host: "registry.example")) {
            try await client.manifest(.tag("v1"), in: Sample.repository, deadline: .now + .milliseconds(10))
        }
        gate.land(())
        #expect(try await first.value.digest == Sample.digest)
    }
}

@Suite struct SchemeTests {
    static let loopback = Sample.parsed("127.0.0.1:5000/org/app")

    @Test func plainHTTPIsFoundOnceAndRemembered() async throws {
        let transport = FakeTransport { request, _ in
            request.url.hasPrefix("https") ? .failure(.tls("no TLS")) : .answer(200, Sample.manifest)
        }
        let client = Sample.client(transport)
        for _ in 0..<2 { _ = try await client.manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline) }
        let path = "://127.0.0.1:5000/v2/org/app/manifests/v1"
        #expect(transport.urls == ["https" + path, "http" + path, "http" + path])
    }

    @Test func tlsOnLoopbackIsUsed() async throws {
        let transport = FakeTransport { _, _ in .answer(200, Sample.manifest) }
        _ = try await Sample.client(transport).manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        #expect(transport.urls.allSatisfy { $0.hasPrefix("https://") })
    }

    /// A certificate that is not trusted is an error also where plain http would be allowed: TLS servers answer plain
    /// text with a bare 400.
    @Test func anUntrustedCertificateIsSaid() async {
        let transport = FakeTransport { request, _ in
            request.url.hasPrefix("https")
                ? .failure(.tls("self-signed")) : .answer(400, "HTTP request to an HTTPS server")
        }
        await #expect(
            throws: RegistryFailure.unreachable(host: "127.0.0.1:5000", reason: "TLS failed: self-signed")
        ) {
            try await Sample.client(transport).manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        }
    }

    @Test func otherHostsAreNeverSpokenToInTheClear() async {
        let transport = FakeTransport { _, _ in .failure(.tls("no TLS")) }
        await #expect(throws: RegistryFailure.self) {
            try await Sample.client(transport).manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline)
        }
        #expect(transport.urls == [ManifestFetchTests.tagURL])
    }

    @Test func bothReasonsAreSaid() async {
        let transport = FakeTransport { request, _ in
            .failure(request.url.hasPrefix("https") ? .tls("no TLS") : .unreachable("broke"))
        }
        do {
            _ = try await Sample.client(transport).manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
            Issue.record("accepted")
        } catch {
            #expect(error.description.contains("over https, TLS failed: no TLS; over http, broke"))
        }
    }

    @Test func oneReasonIsSaidOnce() async {
        let transport = FakeTransport { _, _ in .failure(.unreachable("connection refused")) }
        await #expect(
            throws: RegistryFailure.unreachable(host: "127.0.0.1:5000", reason: "connection refused")
        ) {
            try await Sample.client(transport).manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        }
    }

    @Test func aRegistryMayChangeItsScheme() async throws {
        let transport = FakeTransport { request, number in
            let speaksTLS = number > 1
            return request.url.hasPrefix("https") == speaksTLS
                ? .answer(200, Sample.manifest) : .failure(.unreachable("broke"))
        }
        let client = Sample.client(transport)
        _ = try await client.manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        _ = try? await client.manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        _ = try await client.manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        #expect(transport.urls.map { $0.hasPrefix("https") } == [true, false, false, true])
    }

    @Test(arguments: [HTTPClient.Failure.timedOut, .truncated, .tooLarge(limit: 1), .cancelled])
    func failuresAfterTLSAreFinal(failure: HTTPClient.Failure) async {
        let transport = FakeTransport { _, _ in .failure(failure) }
        await #expect(throws: RegistryFailure.self) {
            try await Sample.client(transport).manifest(.tag("v1"), in: Self.loopback, deadline: Sample.deadline)
        }
        #expect(transport.requests.count == 1)
    }

    @Test func theCAFileIsHandedOn() async throws {
        let transport = FakeTransport { _, _ in .answer(200, Sample.manifest) }
        let client = Sample.client(transport, RegistryConfiguration(caFile: "/ca.pem"))
        _ = try await client.manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline)
        #expect(transport.requests.map(\.caFile) == ["/ca.pem"])
    }
}
