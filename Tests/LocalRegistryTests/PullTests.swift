import HTTPClient
import JSON
import LocalRegistry
import OCI
import Testing

@Suite struct PullTests {
    @Test func servesManifestsByTagAndDigest() async throws {
        let ask = try Ask()
        let digest = ask.registry.pushImage(to: "demo/app", tag: "v1")
        for reference in ["v1", digest.description, digest.description.replacing(":", with: "%3A")] {
            let response = try await ask.get("/v2/demo/app/manifests/\(reference)")
            #expect(response.status == 200)
            #expect(Digest(of: response.body) == digest)
            #expect(response.headers["docker-content-digest"] == digest.description)
            #expect(response.headers["content-type"] == MediaType.ociManifest)

            let head = try await ask("HEAD", "/v2/demo/app/manifests/\(reference)")
            #expect(head.status == 200)
            #expect(head.headers["docker-content-digest"] == digest.description)
            #expect(head.headers["content-length"] == "\(response.body.count)")
        }
        #expect(ask.registry.count(.manifest) == 3)
        #expect(ask.registry.count(.manifestHead) == 3)
    }

    @Test func imagesAreWhole() async throws {
        let ask = try Ask()
        for isDocker in [false, true] {
            let digest = ask.registry.pushImage(to: "demo/app", label: "one", isDocker: isDocker)
            #expect(digest == ask.registry.pushImage(to: "demo/app", label: "one", isDocker: isDocker))
            #expect(digest != ask.registry.pushImage(to: "demo/app", isDocker: isDocker))
            let response = try await ask.get("/v2/demo/app/manifests/\(digest)")
            let manifest = try ImageManifest(parsing: response.body, contentType: response.headers["content-type"])
            for descriptor in [manifest.config] + manifest.layers {
                let blob = try await ask.get("/v2/demo/app/blobs/\(descriptor.digest)")
                #expect(Digest(of: blob.body) == descriptor.digest)
                #expect(blob.body.count == descriptor.size)
                #expect(try await ask("HEAD", "/v2/demo/app/blobs/\(descriptor.digest)").status == 200)
            }
        }
    }

    @Test func indexesAreWhole() async throws {
        let ask = try Ask()
        let digest = ask.registry.pushIndex(to: "demo/app", tag: "multi")
        let response = try await ask.get("/v2/demo/app/manifests/multi")
        #expect(Digest(of: response.body) == digest)
        let index = try ImageIndex(parsing: response.body, contentType: response.headers["content-type"])
        #expect(index.manifests.map { $0.platform?.description } == ["linux/amd64", "linux/arm64/v8"])
        for entry in index.manifests {
            #expect(try await ask.get("/v2/demo/app/manifests/\(entry.digest)").body.count == entry.size)
        }
    }

    @Test(arguments: [
        ("/v2/demo/app/manifests/absent", 404, "MANIFEST_UNKNOWN"),
        ("/v2/demo/app/manifests/sha256:\(String(repeating: "0", count: 64))", 404, "MANIFEST_UNKNOWN"),
        ("/v2/demo/app/manifests/sha512:00", 404, "MANIFEST_UNKNOWN"),
        ("/v2/other/manifests/v1", 404, "NAME_UNKNOWN"),
        ("/v2/demo/app/blobs/sha256:\(String(repeating: "0", count: 64))", 404, "BLOB_UNKNOWN"),
        ("/v2/demo/app/blobs/v1", 400, "DIGEST_INVALID"),
        ("/v2/demo/app/referrers/v1", 400, "DIGEST_INVALID"),
        ("/v2/other/tags/list", 404, "NAME_UNKNOWN"),
        ("/v2/demo/app/blobs/uploads/none", 404, "BLOB_UPLOAD_UNKNOWN"),
        ("/v2/demo/app/nothing/here", 405, "UNSUPPORTED"),
        ("/v2/Demo/manifests/v1", 405, "UNSUPPORTED"),
        ("/v2/demo//manifests/v1", 405, "UNSUPPORTED"),
        ("/v2/manifests/v1", 405, "UNSUPPORTED"),
        ("/token", 404, "UNSUPPORTED"),
        ("/", 405, "UNSUPPORTED"),
    ])
    func saysWhatIsWrong(path: String, status: Int, code: String) async throws {
        let ask = try Ask()
        ask.registry.pushImage(to: "demo/app", tag: "v1")
        let response = try await ask.get(path)
        #expect(response.status == status)
        #expect(response.code == code)
    }

    @Test func answersPing() async throws {
        let ask = try Ask()
        #expect(try await ask.get("/v2/").status == 200)
        #expect(try await ask("DELETE", "/v2/").status == 405)
        #expect(ask.registry.counts == [.ping: 1, .other: 1])
        ask.registry.resetCounts()
        #expect(ask.registry.counts.isEmpty)
        #expect(ask.registry.seenRequests.isEmpty)
    }

    @Test func listsTags() async throws {
        let ask = try Ask()
        for tag in ["c", "a", "b"] { ask.registry.pushImage(to: "demo/app", tag: tag) }
        func tags(_ response: HTTPClient.Response) -> [String]? {
            response.json?["tags"]?.elements.compactMap(\.string)
        }
        #expect(tags(try await ask.get("/v2/demo/app/tags/list")) == ["a", "b", "c"])
        let page = try await ask.get("/v2/demo/app/tags/list?n=2")
        #expect(tags(page) == ["a", "b"])
        #expect(page.headers["link"] == "</v2/demo/app/tags/list?n=2&last=b>; rel=\"next\"")
        #expect(tags(try await ask.get("/v2/demo/app/tags/list?n=2&last=b")) == ["c"])
    }

    @Test func stopsWhenItIsTold() async throws {
        let ask = try Ask()
        #expect(try await ask.get("/v2/").status == 200)
        ask.registry.stop()
        #expect(await ask.failure(of: "/v2/") != nil)
    }

    @Test func refusesWhatIsNoRequest() async throws {
        let ask = try Ask()
        let response = try await ask("GET", "/v2/", headers: [("Expect", "miracles")])
        #expect(response.status == 417)
    }
}

@Suite struct ReferrersTests {
    /// An image with five artifacts that refer to it, alternately of two types.
    private static func prepare(_ behaviour: Behaviour) throws -> (ask: Ask, path: String, artifacts: [Digest]) {
        let ask = try Ask(behaviour)
        let image = ask.registry.pushImage(to: "demo/app", tag: "v1")
        let artifacts = (0..<5).map { number in
            let manifest = """
                {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"application/x-config"},
                "layers":[],"annotations":{"number":"\(number)"},"subject":{"digest":"\(image)"}\
                \(number % 2 == 0 ? ",\"artifactType\":\"application/x-even\"" : "")}
                """
            return ask.registry.put(manifest: bytes(manifest), in: "demo/app").digest
        }
        return (ask, "/v2/demo/app/referrers/\(image)", artifacts)
    }

    private static func entries(_ response: HTTPClient.Response) throws -> [Descriptor] {
        try ImageIndex(parsing: response.body, contentType: response.headers["content-type"]).manifests
    }

    @Test func listsThem() async throws {
        let (ask, path, artifacts) = try Self.prepare(Behaviour())
        let entries = try Self.entries(try await ask.get(path))
        #expect(entries.map(\.digest) == artifacts)
        #expect(entries.map(\.artifactType).prefix(2) == ["application/x-even", "application/x-config"])
        #expect(entries[3].annotations == ["number": "3"])
        #expect(ask.registry.count(.referrers) == 1)
        let nothing = Digest(of: bytes("nothing"))
        #expect(try Self.entries(try await ask.get("/v2/demo/app/referrers/\(nothing)")).isEmpty)
    }

    @Test func filtersThemWhereItDoes() async throws {
        let (ask, path, artifacts) = try Self.prepare(Behaviour())
        let filtered = try await ask.get(path + "?artifactType=application/x-even")
        #expect(filtered.headers["oci-filters-applied"] == "artifactType")
        #expect(try Self.entries(filtered).map(\.digest) == [artifacts[0], artifacts[2], artifacts[4]])

        ask.registry.behaviour.filtersReferrers = false
        let unfiltered = try await ask.get(path + "?artifactType=application/x-even")
        #expect(unfiltered.headers["oci-filters-applied"] == nil)
        #expect(try Self.entries(unfiltered).count == 5)
    }

    @Test func pagesThem() async throws {
        let (ask, path, artifacts) = try Self.prepare(Behaviour(referrersPageSize: 2))
        var next: String? = path
        var seen: [Digest] = []
        while let page = next {
            let response = try await ask.get(page)
            seen += try Self.entries(response).map(\.digest)
            next = response.headers["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
        }
        #expect(seen == artifacts)
        #expect(ask.registry.count(.referrers) == 3)
        #expect(try Self.entries(try await ask.get(path + "?start=99")).isEmpty)
        #expect(try Self.entries(try await ask.get(path + "?start=-9223372036854775808")).count == 2)
    }

    @Test func hidesTheirTypes() async throws {
        let (ask, path, _) = try Self.prepare(Behaviour(hidesArtifactTypes: true))
        for entry in try Self.entries(try await ask.get(path)) {
            #expect(entry.artifactType == "application/vnd.oci.empty.v1+json")
            #expect(entry.annotations.isEmpty)
        }
    }

    @Test func mayBeAbsentOrNonsense() async throws {
        let (ask, path, _) = try Self.prepare(Behaviour(referrers: .absent(status: 404)))
        #expect(try await ask.get(path).status == 404)
        ask.registry.behaviour.referrers = .notAnIndex
        let response = try await ask.get(path)
        #expect(response.status == 200)
        #expect(throws: ManifestError.self) { try Self.entries(response) }
    }

    @Test func forgetsWhatIsDeleted() async throws {
        let (ask, path, artifacts) = try Self.prepare(Behaviour())
        #expect(try await ask("DELETE", "/v2/demo/app/manifests/\(artifacts[1])").status == 202)
        #expect(try await ask("DELETE", "/v2/demo/app/manifests/\(artifacts[1])").status == 404)
        #expect(try Self.entries(try await ask.get(path)).count == 4)
        #expect(try await ask("DELETE", "/v2/demo/app/manifests/v1").status == 202)
        #expect(try await ask.get("/v2/demo/app/manifests/v1").status == 404)
    }
}
