import JSON
import Testing

@testable import OCI

@Suite struct ManifestTests {
    static let digest = Digest(of: [1])

    static func descriptor(_ extra: String = "", mediaType: String = MediaType.ociLayer) -> String {
        #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":7\#(extra)}"#
    }

    static func image(_ extra: String = "", mediaType: String? = MediaType.ociManifest, layers: Int = 1) -> String {
        let type = mediaType.map { #","mediaType":"\#($0)""# } ?? ""
        let list = Array(repeating: descriptor(), count: layers).joined(separator: ",")
        return #"{"schemaVersion":2\#(type),"config":\#(descriptor()),"layers":[\#(list)]\#(extra)}"#
    }

    static func index(_ extra: String = "", mediaType: String? = MediaType.ociIndex, entries: Int = 1) -> String {
        let type = mediaType.map { #","mediaType":"\#($0)""# } ?? ""
        let list = Array(repeating: descriptor(mediaType: MediaType.ociManifest), count: entries).joined(separator: ",")
        return #"{"schemaVersion":2\#(type),"manifests":[\#(list)]\#(extra)}"#
    }

    static func parse(_ text: String, contentType: String? = nil) throws(ManifestError) -> Manifest {
        try Manifest(parsing: Array(text.utf8), contentType: contentType)
    }

    @Test(arguments: [MediaType.ociManifest, MediaType.dockerManifest, nil] as [String?])
    func images(mediaType: String?) throws {
        for contentType in [mediaType, nil, "application/json", mediaType.map { $0.uppercased() + " ; charset=utf-8" }]
        {
            guard case .image(let image) = try Self.parse(Self.image(mediaType: mediaType), contentType: contentType)
            else {
                Issue.record("not an image")
                return
            }
            #expect(image.mediaType == mediaType)
            #expect(image.layers.count == 1)
            #expect(image.layers[0].digest == Self.digest)
            #expect(image.layers[0].size == 7)
        }
    }

    @Test(arguments: [MediaType.ociIndex, MediaType.dockerManifestList, nil] as [String?])
    func indexes(mediaType: String?) throws {
        let index = try ImageIndex(parsing: Array(Self.index(mediaType: mediaType).utf8), contentType: mediaType)
        #expect(index.mediaType == mediaType)
        #expect(index.manifests.map(\.mediaType) == [MediaType.ociManifest])
    }

    @Test func fieldsOfArtifacts() throws {
        let text = Self.image(
            #","artifactType":"application/x","subject":\#(Self.descriptor()),"annotations":{"a":"b","c":""}"#)
        let image = try ImageManifest(parsing: Array(text.utf8))
        #expect(image.artifactType == "application/x")
        #expect(image.subject?.digest == Self.digest)
        #expect(image.annotations == ["a": "b", "c": ""])
    }

    @Test func fieldsOfDescriptors() throws {
        let extra =
            #","annotations":{"k":"v"},"artifactType":"t","platform":{"os":"linux","architecture":"arm64","variant":"v8"}"#
        let descriptor = try Descriptor(Document(Array(Self.descriptor(extra).utf8)).root)
        #expect(descriptor.annotations == ["k": "v"])
        #expect(descriptor.artifactType == "t")
        #expect(descriptor.platform?.description == "linux/arm64/v8")
        let bare = try Descriptor(Document(Array(Self.descriptor(#","annotations":null,"platform":{}"#).utf8)).root)
        #expect(bare.annotations.isEmpty && bare.platform == nil && bare.artifactType == nil)
    }

    static let malformedTexts: [(String, Comment)] = [
        ("", "not JSON"), ("[]", "not an object"), ("{}", "no version"), (#"{"schemaVersion":2}"#, "no shape"),
        (#"{"schemaVersion":3,"config":{},"layers":[]}"#, "version 3"),
        (#"{"schemaVersion":"2","config":{},"layers":[]}"#, "version a string"),
        (#"{"schemaVersion":2,"layers":[]}"#, "no config"),
        (#"{"schemaVersion":2,"config":\#(descriptor())}"#, "no layers"),
        (#"{"schemaVersion":2,"config":\#(descriptor()),"layers":{}}"#, "layers no array"),
        (#"{"schemaVersion":2,"config":7,"layers":[]}"#, "config no object"),
        (#"{"schemaVersion":2,"manifests":{}}"#, "manifests no array"),
        (#"{"schemaVersion":2,"manifests":null}"#, "manifests null"),
        (image(#","annotations":{"a":1}"#), "annotation no string"),
        (image(#","annotations":[]"#), "annotations no map"),
        (image(#","artifactType":1"#), "artifactType no string"), (image(#","subject":1"#), "subject no descriptor"),
        (image().replacing("\"size\":7", with: "\"size\":-1"), "negative size"),
        (image().replacing("\"size\":7", with: "\"size\":7.5"), "broken size"),
        (image().replacing("\"size\":7", with: "\"size\":\"7\""), "size a string"),
        (image().replacing("\"size\":7", with: "\"other\":7"), "no size"),
        (image().replacing("\"digest\"", with: "\"digests\""), "no digest"),
        (image().replacing("sha256:", with: "sha256:0"), "digest too long"),
        (image().replacing(MediaType.ociLayer, with: ""), "empty media type"),
        (image(#","platform":7"#).replacing("\"size\":7", with: #""size":7,"platform":7"#), "platform no object"),
    ]

    @Test(arguments: malformedTexts)
    func malformed(text: String, why: Comment) {
        do {
            _ = try Self.parse(text)
            Issue.record("accepted", sourceLocation: #_sourceLocation)
        } catch {
            guard case .malformed = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    static let confusing: [(String, String?)] = [
        (index(#","layers":[]"#), nil), (index(#","config":\#(descriptor())"#), nil), (image(#","manifests":[]"#), nil),
        (image(#","manifests":null"#), nil), (image(#","fsLayers":[]"#), nil), (index(#","fsLayers":[]"#), nil),
        (image(mediaType: MediaType.ociIndex), nil), (index(mediaType: MediaType.ociManifest), nil),
        (image(), MediaType.ociIndex), (index(), MediaType.ociManifest), (image(), MediaType.dockerManifest),
        (image(mediaType: nil), MediaType.ociIndex), (index(mediaType: nil), MediaType.dockerManifest),
        (index(mediaType: MediaType.dockerManifestList), MediaType.ociIndex),
        (image(#","mediaType":"\#(MediaType.ociManifest)""#), nil), (image(#","layers":[]"#), nil),
    ]

    /// CVE-2021-41190: bytes that one reader takes for an image and another for an index.
    @Test(arguments: confusing)
    func confusionIsRefused(text: String, contentType: String?) {
        do {
            _ = try Self.parse(text, contentType: contentType)
            Issue.record("accepted")
        } catch {
            guard case .malformed = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func schema1HasItsOwnMessage() {
        let body = #"{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]}"#
        for (text, type) in [
            (body, nil), (body, MediaType.dockerSchema1Signed), (Self.image(), MediaType.dockerSchema1),
        ] as [(String, String?)] {
            #expect(throws: ManifestError.schema1) { try Self.parse(text, contentType: type) }
        }
        #expect(ManifestError.schema1.description.contains("schema 1"))
    }

    @Test func unknownKindsAreRefusedByName() {
        #expect(throws: ManifestError.unsupported("mediaType 'application/x'")) {
            try Self.parse(Self.image(mediaType: "application/x"))
        }
        #expect(throws: ManifestError.unsupported("digest algorithm 'sha512', only sha256 is supported")) {
            try Self.parse(Self.image().replacing("sha256", with: "sha512"))
        }
    }

    @Test func bounds() throws {
        _ = try Self.parse(Self.index(entries: 1_000))
        _ = try Self.parse(Self.image(layers: 1_000))
        #expect(throws: ManifestError.tooMany(what: "entries", limit: 1_000)) {
            try Self.parse(Self.index(entries: 1_001))
        }
        #expect(throws: ManifestError.tooMany(what: "layers", limit: 1_000)) {
            try Self.parse(Self.image(layers: 1_001))
        }
        let padding = String(repeating: " ", count: Manifest.maximumBytes)
        #expect(throws: ManifestError.self) { try Self.parse(Self.image() + padding) }
    }

    @Test func theOtherKindIsAnError() {
        #expect(throws: ManifestError.self) { try ImageManifest(parsing: Array(Self.index().utf8)) }
        #expect(throws: ManifestError.self) { try ImageIndex(parsing: Array(Self.image().utf8)) }
    }
}
