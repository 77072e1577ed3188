import HTTPClient
import LocalRegistry
import OCI
import Testing

@Suite struct MisbehaviourTests {
    /// A registry with one image, and the path of its manifest.
    private static func prepare(
        _ effect: Fault.Effect, on kinds: Set<RequestKind> = RequestKind.reads, times: Int? = nil
    ) throws -> (ask: Ask, path: String, digest: Digest) {
        let ask = try Ask(Behaviour(faults: [Fault(effect, on: kinds, times: times)]))
        let digest = ask.registry.pushImage(to: "demo/app", tag: "v1")
        return (ask, "/v2/demo/app/manifests/v1", digest)
    }

    @Test(arguments: [Fault.Effect.stall, .stallInBody(after: 3)])
    func stalls(effect: Fault.Effect) async throws {
        let (ask, path, _) = try Self.prepare(effect)
        #expect(await ask.failure(of: path, milliseconds: 50) == .timedOut)
        #expect(ask.registry.count(.manifest) == 1)
    }

    @Test func disconnects() async throws {
        let (ask, path, _) = try Self.prepare(.disconnect)
        guard case .disconnected = await ask.failure(of: path) else {
            Issue.record("the connection lived on")
            return
        }
    }

    @Test func liesAboutTheDigest() async throws {
        let (ask, path, digest) = try Self.prepare(.wrongDigestHeader)
        let response = try await ask.get(path)
        #expect(Digest(of: response.body) == digest)
        #expect(response.headers["docker-content-digest"] != digest.description)
    }

    @Test func liesAboutTheContent() async throws {
        let (ask, path, digest) = try Self.prepare(.otherContent)
        let response = try await ask.get(path)
        #expect(Digest(of: response.body) != digest)
        #expect(response.json != nil)
        #expect(response.headers["docker-content-digest"] == digest.description)
        let blob = ask.registry.put(blob: bytes("abc"), in: "demo/app")
        #expect(try await ask.get("/v2/demo/app/blobs/\(blob)").body == bytes("abb"))
    }

    @Test func cutsBodiesShort() async throws {
        let (ask, path, _) = try Self.prepare(.truncate(after: 10))
        #expect(await ask.failure(of: path) == .truncated)
    }

    @Test(arguments: [nil, 5 << 30])
    func neverEnds(statedLength: Int?) async throws {
        let (ask, path, _) = try Self.prepare(.endless(statedLength: statedLength))
        #expect(await ask.failure(of: path) == .tooLarge(limit: 1 << 20))
    }

    @Test func endsAfterALengthThatFits() async throws {
        let (ask, path, _) = try Self.prepare(.endless(statedLength: 100_000))
        #expect(try await ask.get(path).body.count == 100_000)
    }

    @Test func answersErrorsSoManyTimes() async throws {
        let (ask, path, _) = try Self.prepare(.status(429, .tooManyRequests, retryAfter: "7"), times: 2)
        for _ in 0..<2 {
            let response = try await ask.get(path)
            #expect(response.status == 429)
            #expect(response.code == "TOOMANYREQUESTS")
            #expect(response.headers["retry-after"] == "7")
        }
        #expect(try await ask.get(path).status == 200)
        #expect(ask.registry.count(.manifest) == 3)
    }

    @Test func redirects() async throws {
        let storage = try LocalRegistry()
        let (ask, path, digest) = try Self.prepare(.redirect(toOrigin: "http://\(storage.host)", status: 307))
        let image = try #require(ask.registry.manifest("v1", in: "demo/app"))
        storage.put(manifest: image.bytes, in: "demo/app", tag: "v1")
        let response = try await ask.get(path, headers: [("Authorization", "Bearer secret")])
        #expect(Digest(of: response.body) == digest)
        #expect(ask.registry.seenRequests.map(\.authorization) == ["Bearer secret"])
        #expect(storage.seenRequests.map(\.authorization) == [nil])
    }

    @Test func redirectsInALoopAndFromTLS() async throws {
        let (ask, path, _) = try Self.prepare(.redirectTo(url: "/v2/demo/app/manifests/v1", status: 302))
        #expect(await ask.failure(of: path) == .tooManyRedirects)
    }

    @Test func changesItsMind() async throws {
        let (ask, path, first) = try Self.prepare(.stall)
        let second = ask.registry.pushImage(to: "demo/app")
        ask.registry.behaviour.faults = [Fault(.takeTurns([first, second]), on: RequestKind.reads, target: "/v1")]
        var seen: [Digest] = []
        for _ in 0..<3 { seen.append(Digest(of: try await ask.get(path).body)) }
        #expect(seen == [first, second, first])
        #expect(try await ask.get("/v2/demo/app/manifests/\(first)").status == 200)
    }

    @Test func concernsWhatItNames() async throws {
        let ask = try Ask(
            Behaviour(faults: [
                Fault(.status(500, .unknown, retryAfter: nil), on: [.manifest], target: "/bad"),
                Fault(.status(503, .unknown, retryAfter: nil), on: [.blob]),
            ]))
        ask.registry.pushImage(to: "demo/app", tag: "bad")
        ask.registry.pushImage(to: "demo/app", tag: "good")
        #expect(try await ask.get("/v2/demo/app/manifests/bad").status == 500)
        #expect(try await ask("HEAD", "/v2/demo/app/manifests/bad").status == 200)
        #expect(try await ask.get("/v2/demo/app/manifests/good").status == 200)
        #expect(try await ask.get("/v2/demo/app/blobs/x").status == 503)
        ask.registry.behaviour = Behaviour()
        #expect(try await ask.get("/v2/demo/app/manifests/bad").status == 200)
    }
}
