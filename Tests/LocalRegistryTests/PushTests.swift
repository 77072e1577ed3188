import HTTPClient
import LocalRegistry
import OCI
import Testing

@Suite struct PushTests {
    private static let content = bytes("some content")
    private static let digest = Digest(of: content)
    private static let uploads = "/v2/demo/app/blobs/uploads/"

    private static func expectStored(_ ask: Ask, _ response: HTTPClient.Response) async throws {
        #expect(response.status == 201)
        #expect(response.headers["docker-content-digest"] == digest.description)
        let location = try #require(response.headers["location"])
        #expect(try await ask.get(location).body == content)
    }

    @Test func takesABlobInOneRequest() async throws {
        let ask = try Ask()
        let response = try await ask("POST", Self.uploads + "?digest=\(Self.digest)", body: Self.content)
        try await Self.expectStored(ask, response)
    }

    @Test func takesABlobInTwoRequests() async throws {
        let ask = try Ask()
        let begun = try await ask("POST", Self.uploads)
        #expect(begun.status == 202)
        let location = try #require(begun.headers["location"])
        try await Self.expectStored(
            ask, try await ask("PUT", location + "?digest=\(Self.digest)", body: Self.content))
        #expect(try await ask.get(location).status == 404)
    }

    @Test func takesABlobInPieces() async throws {
        let ask = try Ask()
        let location = try #require(try await ask("POST", Self.uploads).headers["location"])
        let first = try await ask(
            "PATCH", location, headers: [("Content-Range", "0-4")], body: Array(Self.content[..<5]))
        #expect(first.status == 202)
        #expect(first.headers["range"] == "0-4")
        let misplaced = try await ask(
            "PATCH", location, headers: [("Content-Range", "7-8")], body: Array(Self.content[7..<9]))
        #expect(misplaced.status == 416)
        #expect(try await ask.get(location).headers["range"] == "0-4")
        #expect(try await ask("PATCH", location, body: Array(Self.content[5..<9])).status == 202)
        try await Self.expectStored(
            ask, try await ask("PUT", location + "?digest=\(Self.digest)", body: Array(Self.content[9...])))
    }

    @Test func answersAMountWithAnUpload() async throws {
        let ask = try Ask()
        ask.registry.put(blob: Self.content, in: "other")
        let response = try await ask("POST", Self.uploads + "?mount=\(Self.digest)&from=other")
        #expect(response.status == 202)
        #expect(response.headers["location"] != nil)
    }

    @Test func cancelsAnUpload() async throws {
        let ask = try Ask()
        let location = try #require(try await ask("POST", Self.uploads).headers["location"])
        #expect(try await ask("DELETE", location).status == 204)
        #expect(try await ask("DELETE", location).status == 404)
        #expect(try await ask("PATCH", location, body: [1]).status == 404)
        #expect(try await ask("PUT", location, body: [1]).status == 404)
        #expect(try await ask("DELETE", Self.uploads).status == 405)
    }

    @Test func boundsUploads() async throws {
        let ask = try Ask()
        var last = 0
        for _ in 0..<65 { last = try await ask("POST", Self.uploads).status }
        #expect(last == 429)
    }

    @Test func refusesAnotherDigest() async throws {
        let ask = try Ask()
        let other = Digest(of: bytes("other"))
        let inOne = try await ask("POST", Self.uploads + "?digest=\(other)", body: Self.content)
        #expect(inOne.code == "DIGEST_INVALID")
        let location = try #require(try await ask("POST", Self.uploads).headers["location"])
        #expect(try await ask("PUT", location + "?digest=\(other)", body: Self.content).code == "DIGEST_INVALID")
        #expect(ask.registry.blob(other, in: "demo/app") == nil)
        #expect(ask.registry.blob(Self.digest, in: "demo/app") == nil)
    }

    @Test func takesManifests() async throws {
        let ask = try Ask()
        let manifest = bytes(#"{"schemaVersion":2,"layers":[]}"#)
        let digest = Digest(of: manifest)
        let type = [(name: "Content-Type", value: MediaType.ociManifest)]
        for reference in ["v1", digest.description] {
            let response = try await ask("PUT", "/v2/demo/app/manifests/\(reference)", headers: type, body: manifest)
            #expect(response.status == 201)
            #expect(response.headers["docker-content-digest"] == digest.description)
            #expect(response.headers["oci-subject"] == nil)
            #expect(try await ask.get("/v2/demo/app/manifests/\(reference)").body == manifest)
        }
        let wrong = Digest(of: bytes("other"))
        let mismatch = try await ask("PUT", "/v2/demo/app/manifests/\(wrong)", headers: type, body: manifest)
        #expect(mismatch.code == "DIGEST_INVALID")
        for text in ["no JSON", "[]", ""] {
            let invalid = try await ask("PUT", "/v2/demo/app/manifests/v2", headers: type, body: bytes(text))
            #expect(invalid.code == "MANIFEST_INVALID")
        }
        #expect(ask.registry.count(.push) == 6)
    }

    @Test func saysWhetherItListsReferrers() async throws {
        let ask = try Ask()
        let subject = Digest(of: bytes("subject"))
        let manifest = bytes(#"{"schemaVersion":2,"layers":[],"subject":{"digest":"\#(subject)"}}"#)
        func put() async throws -> HTTPClient.Response {
            try await ask("PUT", "/v2/demo/app/manifests/\(Digest(of: manifest))", body: manifest)
        }
        #expect(try await put().headers["oci-subject"] == subject.description)
        ask.registry.behaviour.referrers = .absent(status: 404)
        #expect(try await put().headers["oci-subject"] == nil)
        #expect(ask.registry.referrers(of: subject, in: "demo/app").count == 1)
    }
}
