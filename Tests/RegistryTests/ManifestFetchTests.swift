import HTTPClient
import OCI
import Synchronization
import Testing

@testable import Registry

@Suite struct ManifestFetchTests {
    static let tagURL = "https://registry.example/v2/org/app/manifests/v1"

    static func fetch(
        _ reference: ManifestReference = .tag("v1"), _ handler: @escaping @Sendable (HTTPClient.Request, Int) -> Answer
    ) async throws(RegistryFailure) -> FetchedManifest {
        try await Sample.client(FakeTransport(handler))
            .manifest(reference, in: Sample.repository, deadline: Sample.deadline)
    }

    @Test func byTag() async throws {
        let transport = FakeTransport { _, _ in .answer(200, Sample.manifest, Sample.manifestHeaders) }
        let fetched = try await Sample.client(transport)
            .manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline)
        #expect(fetched.digest == Sample.digest && fetched.bytes == Sample.manifest)
        #expect(fetched.contentType == MediaType.ociManifest)
        #expect(transport.urls == [Self.tagURL])
        let request = try #require(transport.requests.first)
        #expect(request.method == "GET" && request.maximumRedirects == 5 && request.maximumResponseBytes == 4 << 20)
        let accept = try #require(request.headers.first { $0.name == "Accept" }?.value)
        #expect(MediaType.acceptedManifests.allSatisfy(accept.contains))
        #expect(!accept.contains("v1+prettyjws"))
    }

    @Test func oneRequestMayNotTakeAllOfACheck() async throws {
        let transport = FakeTransport { _, _ in .answer(200, Sample.manifest, Sample.manifestHeaders) }
        let time = FakeTime()
        let client = Sample.client(transport, time: time)
        let now = time.surroundings.now()
        for seconds in [5, 3_600] {
            _ = try await client.manifest(.tag("v1"), in: Sample.repository, deadline: now + .seconds(seconds))
        }
        #expect(transport.requests.map { $0.deadline - now } == [.seconds(5), RegistryLimits.requestTimeout])
    }

    @Test func byDigest() async throws {
        let fetched = try await Self.fetch(.digest(Sample.digest)) { request, _ in
            #expect(request.url == "https://registry.example/v2/org/app/manifests/\(Sample.digest)")
            return .answer(200, Sample.manifest)
        }
        #expect(fetched.digest == Sample.digest)
    }

    @Test func theHubsNames() async throws {
        let transport = FakeTransport { _, _ in .answer(200, Sample.manifest) }
        _ = try await Sample.client(transport)
            .manifest(.tag("1"), in: Sample.parsed("nginx"), deadline: Sample.deadline)
        #expect(transport.urls == ["https://registry-1.docker.io/v2/library/nginx/manifests/1"])
    }

    /// Kyverno's CVE-2023-47630: the digest is what we hashed, whatever the registry says.
    @Test func aDigestIsWhatTheBytesHashTo() async {
        let other = Digest(of: [1])
        let what = "registry.example/org/app@\(other)"
        await #expect(throws: RegistryFailure.digestMismatch(what: what, expected: other, computed: Sample.digest)) {
            try await Self.fetch(.digest(other)) { _, _ in
                .answer(200, Sample.manifest, [("Docker-Content-Digest", "\(other)")])
            }
        }
    }

    @Test func aLyingHeaderIsReported() async {
        let other = Digest(of: [1])
        let what = "registry.example/org/app:v1"
        await #expect(throws: RegistryFailure.digestMismatch(what: what, expected: other, computed: Sample.digest)) {
            try await Self.fetch { _, _ in .answer(200, Sample.manifest, [("docker-content-digest", "\(other)")]) }
        }
    }

    @Test(arguments: ["\(Sample.digest)", "sha512:00", "nonsense", ""])
    func anHonestOrUnreadableHeaderIsAHint(value: String) async throws {
        let fetched = try await Self.fetch { _, _ in
            .answer(200, Sample.manifest, Sample.manifestHeaders + [("Docker-Content-Digest", value)])
        }
        #expect(fetched.digest == Sample.digest)
    }

    @Test func statuses() async {
        let unknown = #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"token=hunter2"}]}"#
        let what = "registry.example/org/app:v1"
        let table: [(Int, String, RegistryFailure)] = [
            (404, unknown, .notFound(what: what, code: "MANIFEST_UNKNOWN")),
            (404, "", .notFound(what: what, code: nil)),
            (401, "", .denied(what: what, code: nil)),
            (403, #"{"errors":[{"code":"DENIED"}]}"#, .denied(what: what, code: "DENIED")),
            (
                429, #"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#,
                .rateLimited(host: "registry.example", code: "TOOMANYREQUESTS")
            ),
            (503, "", .serverError(host: "registry.example", status: 503, code: nil)),
            (418, "", .refused(what: what, status: 418, code: nil)),
            (204, "", .refused(what: what, status: 204, code: nil)),
            (301, "", .refused(what: what, status: 301, code: nil)),
        ]
        for (status, body, failure) in table {
            await #expect(throws: failure) { try await Self.fetch { _, _ in .answer(status, body) } }
            #expect(!failure.description.contains("hunter2"))
            #expect(failure.isMissing == (status == 404))
        }
    }

    @Test func failuresOfTheWire() async {
        let host = "registry.example"
        let what = "registry.example/org/app:v1"
        let table: [(HTTPClient.Failure, RegistryFailure)] = [
            (.timedOut, .timedOut(host: host)), (.cancelled, .cancelled),
            (.tooLarge(limit: 4 << 20), .tooLarge(what: what, limit: 4 << 20, setting: "--max-manifest-bytes")),
            (.unreachable("connection refused"), .unreachable(host: host, reason: "connection refused")),
            (.tls("expired"), .unreachable(host: host, reason: "TLS failed: expired")),
            (
                .truncated,
                .unreachable(host: host, reason: "the connection ended before the answer was complete")
            ),
            (
                .malformed("https://h/?sig=hunter2"),
                .malformed(what: what, reason: "the answer is not HTTP that can be read")
            ),
        ]
        for (wire, failure) in table {
            await #expect(throws: failure) { try await Self.fetch { _, _ in .failure(wire) } }
        }
        // A signed URL is a credential.
        do {
            _ = try await Self.fetch { _, _ in .failure(.redirectRefused("http://storage/?sig=hunter2")) }
            Issue.record("accepted")
        } catch {
            #expect(!error.description.contains("hunter2"))
        }
    }

    /// CVE-2021-41190 and schema 1, by way of the registry.
    @Test func bytesThatMeanTwoThings() async {
        await #expect(throws: RegistryFailure.self) {
            try await Self.fetch { _, _ in .answer(200, Sample.manifest, Sample.indexHeaders) }
        }
        do {
            _ = try await Self.fetch { _, _ in .answer(200, #"{"schemaVersion":1,"fsLayers":[]}"#) }
            Issue.record("accepted")
        } catch {
            guard case .unsupported(_, let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("schema 1"))
        }
    }

    @Test func requestsAreObserved() async throws {
        let seen = Mutex<[(String, RegistryObservation.Outcome)]>([])
        let transport = FakeTransport { _, number in number == 0 ? .answer(503) : .answer(404) }
        let client = Sample.client(
            transport,
            observer: { observation in seen.withLock { $0.append((observation.host, observation.outcome)) } })
        _ = try? await client.manifest(.tag("v1"), in: Sample.repository, deadline: Sample.deadline)
        let outcomes = seen.withLock { $0 }
        #expect(outcomes.map(\.0) == ["registry.example", "registry.example"])
        #expect(outcomes.map(\.1) == [.status(503), .status(404)])
    }
}

@Suite struct BlobTests {
    static let bytes = Array("payload".utf8)
    static let descriptor = Descriptor(mediaType: "application/x", digest: Digest(of: bytes), size: bytes.count)

    static func fetch(_ answer: Answer) async throws(RegistryFailure) -> [UInt8] {
        try await Sample.client(FakeTransport { _, _ in answer })
            .blob(descriptor, in: Sample.repository, limit: 100, setting: "--limit", deadline: Sample.deadline)
    }

    @Test func wholeAndTrue() async throws {
        #expect(try await Self.fetch(.answer(200, Self.bytes)) == Self.bytes)
    }

    @Test func sizesAreChecked() async {
        for body in [[], Array(Self.bytes.dropLast()), Self.bytes + [0]] {
            do {
                _ = try await Self.fetch(.answer(200, body))
                Issue.record("accepted")
            } catch {
                guard case .malformed(_, let reason) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(reason == "it has \(body.count) bytes, and its descriptor says 7")
            }
        }
    }

    @Test func contentIsHashed() async {
        await #expect(throws: RegistryFailure.self) { try await Self.fetch(.answer(200, Array("PAYLOAD".utf8))) }
    }

    /// cosign's CVE-2024-29902 and Kyverno's endless data: nothing is asked for that is over the bound.
    @Test func aHugeDescriptorAsksForNothing() async {
        let transport = FakeTransport { _, _ in .answer(200) }
        let huge = Descriptor(mediaType: "application/x", digest: Sample.digest, size: 5 << 30)
        let what = "registry.example/org/app@\(Sample.digest)"
        await #expect(throws: RegistryFailure.tooLarge(what: what, limit: 65_536, setting: "--max-payload-bytes")) {
            let client = Sample.client(transport)
            return try await client.blob(
                huge, in: Sample.repository, limit: client.limits.payloadBytes, deadline: Sample.deadline)
        }
        #expect(transport.requests.isEmpty)
    }

    @Test func anEndlessBodyIsCutOff() async throws {
        let transport = FakeTransport { request, _ in .failure(.tooLarge(limit: request.maximumResponseBytes)) }
        // It is the descriptor that lies: no limit is named, for raising one would not help.
        let failure = RegistryFailure.malformed(
            what: "registry.example/org/app@\(Self.descriptor.digest)",
            reason: "it is longer than the \(Self.descriptor.size) bytes of its descriptor")
        await #expect(throws: failure) {
            try await Sample.client(transport)
                .blob(Self.descriptor, in: Sample.repository, limit: 100, deadline: Sample.deadline)
        }
        #expect(transport.requests.map(\.maximumResponseBytes) == [RegistryLimits.maximumSmallAnswer])
    }

    @Test func absentBlobs() async {
        await #expect(
            throws: RegistryFailure.notFound(
                what: "registry.example/org/app@\(Self.descriptor.digest)", code: "BLOB_UNKNOWN")
        ) {
            try await Self.fetch(.answer(404, #"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#))
        }
    }
}
