import JSON
import OCI
import OpenSSL
import Testing

@testable import Sigstore

@Suite struct SimpleSigningTests {
    let maker: Maker

    init() throws { maker = try Maker() }

    private func verify(_ payload: String, annotations: [String: String] = [:]) throws -> Claims {
        try SimpleSigning.verify(
            maker.layer(payload), for: maker.image, with: maker.publicKey, hash: nil, annotations: annotations)
    }

    @Test(arguments: [
        "cosign container image signature", "atomic container signature", "Tekton container signature",
    ])
    func signatureOfTheImage(type: String) throws {
        let claims = try verify(Maker.payload(maker.image, type: type))
        #expect(claims.digest == maker.image)
        #expect(claims.type == type)
        #expect(claims.dockerReference == "example.com/app")
        #expect(claims.form == .simpleSigning)
    }

    @Test(arguments: [PrivateKey.Kind.ecdsaP384, .ecdsaP521, .rsa(bits: 2048), .ed25519])
    func otherKinds(of kind: PrivateKey.Kind) throws {
        let maker = try Maker(kind)
        let layer = try maker.layer(Maker.payload(maker.image))
        let claims = try SimpleSigning.verify(
            layer, for: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
        #expect(claims.digest == maker.image)
    }

    @Test func onlyTheHashThatThePolicyNames() throws {
        let layer = try maker.layer(Maker.payload(maker.image), hash: .sha512)
        let claims = try SimpleSigning.verify(
            layer, for: maker.image, with: maker.publicKey, hash: .sha512, annotations: [:])
        #expect(claims.digest == maker.image)
        for hash in [nil, HashAlgorithm.sha256, .sha384] {
            #expect(throws: SignatureFailure.signatureMismatch) {
                try SimpleSigning.verify(
                    layer, for: maker.image, with: maker.publicKey, hash: hash, annotations: [:])
            }
        }
    }

    @Test func anotherKey() throws {
        let stranger = try Maker()
        #expect(throws: SignatureFailure.signatureMismatch) {
            try SimpleSigning.verify(
                stranger.layer(Maker.payload(maker.image)), for: maker.image, with: maker.publicKey, hash: nil,
                annotations: [:])
        }
    }

    @Test func anotherImage() throws {
        #expect(throws: SignatureFailure.digestMismatch(signed: "\"\(maker.other)\"", expected: maker.image)) {
            try verify(Maker.payload(maker.other))
        }
    }

    @Test(arguments: ["", "Cosign container image signature", "cosign container image signature ", "sbom"])
    func anotherType(type: String) throws {
        let failure = #expect(throws: SignatureFailure.self) { try verify(Maker.payload(maker.image, type: type)) }
        guard case .typeMismatch = failure else {
            Issue.record("not a type mismatch: \(String(describing: failure))")
            return
        }
    }

    @Test func anotherImageIsSaidBeforeAnotherType() throws {
        let failure = #expect(throws: SignatureFailure.self) { try verify(Maker.payload(maker.other, type: "sbom")) }
        #expect(failure?.nearness == SignatureFailure.digestMismatch(signed: "", expected: maker.image).nearness)
    }

    @Test func nothingIsReadBeforeTheSignatureVerifies() throws {
        let layer = try Maker.layer(Array("not JSON at all".utf8), signature: [1, 2, 3])
        #expect(throws: SignatureFailure.signatureMismatch) {
            try SimpleSigning.verify(layer, for: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
        }
    }

    // MARK: Annotations

    struct AnnotationCase: Sendable {
        let optional: String
        let required: [String: String]
        let missing: String?

        init(_ optional: String, _ required: [String: String], missing: String? = nil) {
            self.optional = optional
            self.required = required
            self.missing = missing
        }
    }

    static let annotationCases: [AnnotationCase] = [
        .init("null", [:]),
        .init(#"{"team":"blue"}"#, [:]),
        .init(#"{"team":"blue"}"#, ["team": "blue"]),
        .init(#"{"team":"blue","build":"7"}"#, ["build": "7", "team": "blue"]),
        .init(#"{"te\u0061m":"bl\u0075e"}"#, ["team": "blue"]),
        .init("null", ["team": "blue"], missing: "team"),
        .init("[]", ["team": "blue"], missing: "team"),
        .init(#""team""#, ["team": "blue"], missing: "team"),
        .init(#"{"team":"red"}"#, ["team": "blue"], missing: "team"),
        .init(#"{"team":"blue "}"#, ["team": "blue"], missing: "team"),
        .init(#"{"team":"Blue"}"#, ["team": "blue"], missing: "team"),
        .init(#"{"Team":"blue"}"#, ["team": "blue"], missing: "team"),
        .init(#"{"team":["blue"]}"#, ["team": "blue"], missing: "team"),
        .init(#"{"build":7}"#, ["build": "7"], missing: "build"),
        .init(#"{"ok":true}"#, ["ok": "true"], missing: "ok"),
        .init(#"{"team":"blue"}"#, ["team": "blue", "build": "7"], missing: "build"),
        // Equal to Swift, and not the same bytes.
        .init("{\"name\":\"e\u{301}\"}", ["name": "\u{e9}"], missing: "name"),
    ]

    @Test(arguments: annotationCases)
    func annotations(_ test: AnnotationCase) throws {
        let payload = Maker.payload(maker.image, optional: test.optional)
        guard let missing = test.missing else {
            _ = try verify(payload, annotations: test.required)
            return
        }
        #expect(
            throws: SignatureFailure.annotationMismatch(key: missing, expected: test.required[missing] ?? "")
        ) { try verify(payload, annotations: test.required) }
    }

    // MARK: Payloads

    @Test func veryOldPayloadsAreCapitalised() throws {
        let payload = """
            {"Critical":{"Identity":{"Docker-reference":"a"},"Image":{"Docker-manifest-digest":"\(maker.image)"},\
            "Type":"atomic container signature"},"Optional":{"team":"blue"}}
            """
        #expect(try verify(payload, annotations: ["team": "blue"]).dockerReference == "a")
    }

    @Test func identityIsInformational() throws {
        let payload = """
            {"critical":{"image":{"docker-manifest-digest":"\(maker.image)"},"type":"atomic container signature"}}
            """
        #expect(try verify(payload).dockerReference == nil)
    }

    private func malformed(_ text: String) -> String {
        text.replacing("GOOD", with: maker.image.description).replacing("OTHER", with: maker.other.description)
            .replacing("TYPE", with: "\"atomic container signature\"")
    }

    /// In each, `GOOD` is the image's digest, `OTHER` another's, and `TYPE` a type that is known.
    static let malformedPayloads = [
        "", "null", "[]", "\"critical\"", "{}", "{\"critical\":null}", "{\"critical\":[]}",
        #"{"critical":{"type":TYPE}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD"}}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":7},"type":TYPE}}"#,
        #"{"critical":{"image":"GOOD","type":TYPE}}"#,
        #"{"CRITICAL":{"image":{"docker-manifest-digest":"GOOD"},"type":TYPE}}"#,
        // One key twice, and one key in two spellings, at each level.
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD","docker-manifest-digest":"OTHER"},"type":TYPE}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD","docker-manifest-\u0064igest":"OTHER"},"type":TYPE}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD","Docker-manifest-digest":"OTHER"},"type":TYPE}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD","DOCKER-MANIFEST-DIGEST":"OTHER"},"type":TYPE}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD"},"Image":{},"type":TYPE}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD"},"type":TYPE,"Type":"x"}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD"},"type":TYPE},"Critical":{}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD"},"type":TYPE},"optional":{},"Optional":{}}"#,
        #"{"critical":{"image":{"docker-manifest-digest":"GOOD"},"type":TYPE}} trailing"#,
    ]

    @Test(arguments: malformedPayloads)
    func signedButUnreadable(_ payload: String) throws {
        let failure = #expect(throws: SignatureFailure.self) { try verify(malformed(payload)) }
        guard case .malformedClaims = failure else {
            Issue.record("not malformed claims: \(String(describing: failure))")
            return
        }
    }

    @Test func deepPayloadsAreRefused() throws {
        let depth = SimpleSigning.maximumDepth + 1
        let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let failure = #expect(throws: SignatureFailure.self) {
            try verify(Maker.payload(maker.image, optional: "{\"a\":\(deep)}"))
        }
        guard case .malformedClaims = failure else {
            Issue.record("not malformed claims: \(String(describing: failure))")
            return
        }
    }

    @Test func whatIsPrintedIsThePayloadAsSigned() throws {
        let payload = Maker.payload(maker.image, optional: #"{ "team" : "blue" }"#)
        #expect(try verify(payload).json(for: "anything") == Array(payload.utf8))
    }
}

@Suite struct SignatureLayerTests {
    let payload = Array("payload".utf8)

    private func descriptor(digest: Digest? = nil, size: Int? = nil, signature: String? = "AQID") -> Descriptor {
        Descriptor(
            mediaType: SignatureLayer.mediaType, digest: digest ?? Digest(of: payload), size: size ?? payload.count,
            annotations: signature.map { [SignatureLayer.signatureAnnotation: $0] } ?? [:])
    }

    @Test func wellFormed() throws {
        #expect(try SignatureLayer(descriptor: descriptor(), payload: payload).signature == [1, 2, 3])
    }

    @Test func bytesThatAreNotTheDescriptors() {
        let descriptors = [
            descriptor(digest: Digest(of: [])), descriptor(size: payload.count - 1),
            descriptor(size: payload.count + 1),
        ]
        for descriptor in descriptors {
            #expect(throws: SignatureFailure.self) { try SignatureLayer(descriptor: descriptor, payload: payload) }
        }
    }

    @Test(arguments: [nil, "", "AQI", "AQID\n", "AQ-D", "****", String(repeating: "AQID", count: 2000)])
    func signatureThatIsNone(_ signature: String?) {
        #expect(throws: SignatureFailure.self) {
            try SignatureLayer(descriptor: descriptor(signature: signature), payload: payload)
        }
    }

    /// How large a payload may be is the operator's to say, to whoever fetches it.
    @Test func largePayload() throws {
        let payload = [UInt8](repeating: 0x20, count: 1 << 20)
        #expect(try Maker.layer(payload, signature: [1]).payload.count == payload.count)
    }
}
