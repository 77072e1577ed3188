import HTTPClient
import OCI
import Testing

@testable import Registry

@Suite struct ReferrersTests {
    static let subject = Digest(of: [9])
    static let path = "/v2/org/app/referrers/\(subject)"
    static let fallbackPath = "/v2/org/app/manifests/sha256-\(subject.hex)"

    static func entry(_ number: Int) -> String { Sample.descriptor(MediaType.ociManifest, of: Array("\(number)".utf8)) }

    static func digests(_ numbers: [Int]) -> [Digest] { numbers.map { Digest(of: Array("\($0)".utf8)) } }

    static func list(_ transport: FakeTransport) async throws(RegistryFailure) -> [Digest] {
        try await Sample.client(transport)
            .referrers(of: subject, in: Sample.repository, deadline: Sample.deadline).map(\.digest)
    }

    @Test func onePageNeverFiltered() async throws {
        // The trap of spec/signatures.md: an entry whose artifactType is not its manifest's.
        let trap =
            #"{"mediaType":"\#(MediaType.ociManifest)","digest":"\#(Digest(of: [7]))","size":1,"artifactType":"\#(MediaType.ociEmpty)"}"#
        let transport = FakeTransport { _, _ in .answer(200, Sample.index([Self.entry(1), trap]), Sample.indexHeaders) }
        #expect(try await Self.list(transport) == Self.digests([1]) + [Digest(of: [7])])
        #expect(transport.urls == ["https://registry.example\(Self.path)"])
    }

    @Test func pages() async throws {
        let transport = FakeTransport { request, number in
            let link = (name: "Link", value: "<\(Self.path)?page=\(number + 1)>; rel=\"next\"")
            return .answer(
                200, Sample.index([Self.entry(number)]), Sample.indexHeaders + (number < 4 ? [link] : []))
        }
        #expect(try await Self.list(transport) == Self.digests([0, 1, 2, 3, 4]))
        #expect(transport.urls.last == "https://registry.example\(Self.path)?page=4")
    }

    @Test func pagesWithoutEnd() async {
        let transport = FakeTransport { _, number in
            .answer(
                200, Sample.index([]),
                Sample.indexHeaders + [("Link", "<\(Self.path)?page=\(number + 1)>; rel=\"next\"")])
        }
        do {
            _ = try await Self.list(transport)
            Issue.record("accepted")
        } catch {
            #expect(error.description.contains("--max-referrer-pages"))
        }
        #expect(transport.requests.count == 5)
    }

    @Test func entriesOfAllPagesAreBounded() async {
        let many = Sample.index(Array(repeating: Self.entry(1), count: 600))
        let transport = FakeTransport { _, _ in
            .answer(200, many, Sample.indexHeaders + [("Link", "<\(Self.path)?more>; rel=next")])
        }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: ["<https://evil.example/v2/>; rel=next", "</v2/other/referrers/x>; rel=next"])
    func anotherPlaceIsNoPage(link: String) async {
        let transport = FakeTransport { _, _ in
            .answer(200, Sample.index([Self.entry(1)]), Sample.indexHeaders + [("Link", link)])
        }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
        #expect(transport.requests.count == 1)
    }

    static let unsupported: [(Int, String, String)] = [
        (404, "", ""), (400, "", ""), (406, "", ""), (200, "<html>welcome</html>", "text/html"),
        (200, "{}", "application/json"),
        (200, "", ""), (200, String(decoding: Sample.manifest, as: UTF8.self), MediaType.ociManifest),
        (404, "404 page not found\n", "text/plain"),
    ]

    @Test(arguments: unsupported)
    func withoutTheAPIThereIsATag(status: Int, body: String, contentType: String) async throws {
        let transport = FakeTransport { request, _ in
            if request.url.hasSuffix(Self.fallbackPath) {
                return .answer(200, Sample.index([Self.entry(5)]), Sample.indexHeaders)
            }
            return .answer(status, body, contentType.isEmpty ? [] : [("Content-Type", contentType)])
        }
        #expect(try await Self.list(transport) == Self.digests([5]))
        #expect(transport.requests.count == 2)
    }

    @Test func neitherMeansNone() async throws {
        #expect(try await Self.list(FakeTransport { _, _ in .answer(404) }) == [])
    }

    @Test func aTagThatIsNoIndexIsAnError() async {
        let transport = FakeTransport { request, _ in
            request.url.hasSuffix(Self.fallbackPath)
                ? .answer(200, Sample.manifest, Sample.manifestHeaders) : .answer(404)
        }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
    }

    /// Answers that must not be taken for "nothing refers to it", nor lead to the tag.
    static let errors: [(Int, String, String)] = [
        (403, "", ""), (401, "", ""), (500, "", ""), (429, "", ""), (302, "", ""),
        (200, "{", MediaType.ociIndex),
        (200, Sample.index([]).replacing("\"manifests\"", with: "\"x\""), MediaType.ociIndex),
        (200, Sample.index([entry(1).replacing("sha256", with: "sha512")]), MediaType.ociIndex),
    ]

    @Test(arguments: errors)
    func errorsAreErrors(status: Int, body: String, contentType: String) async {
        let transport = FakeTransport { _, _ in .answer(status, body, [("Content-Type", contentType)]) }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
        #expect(!transport.urls.contains { $0.hasSuffix(Self.fallbackPath) })
    }

    @Test func anIndexOfTooManyIsAnError() async {
        let many = Sample.index(Array(repeating: Self.entry(1), count: 1_001))
        let transport = FakeTransport { _, _ in .answer(200, many, Sample.indexHeaders) }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
        #expect(transport.requests.count == 1)
    }

    @Test func aBrokenLaterPageIsAnError() async {
        let transport = FakeTransport { _, number in
            number == 0
                ? .answer(200, Sample.index([]), Sample.indexHeaders + [("Link", "<?x>; rel=next")]) : .answer(404)
        }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
    }

    @Test func theTagsErrorsAreErrors() async {
        let transport = FakeTransport { request, _ in
            request.url.hasSuffix(Self.fallbackPath) ? .answer(403) : .answer(404)
        }
        await #expect(throws: RegistryFailure.self) { try await Self.list(transport) }
    }
}
