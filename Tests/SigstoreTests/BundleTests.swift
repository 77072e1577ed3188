import JSON
import OCI
import OpenSSL
import Testing

@testable import Sigstore

@Suite struct BundleTests {
    let maker: Maker

    init() throws { maker = try Maker() }

    private func verify(_ statement: String, annotations: [String: String] = [:]) throws -> Claims {
        try Maker.bundle(maker.envelope(statement))
            .verifySignature(of: maker.image, with: maker.publicKey, hash: nil, annotations: annotations)
    }

    @Test(arguments: ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"])
    func signatureOfTheImage(type: String) throws {
        let claims = try verify(Maker.statement(maker.image, type: type))
        #expect(claims.digest == maker.image)
        #expect(claims.form == .bundle)
        #expect(claims.type == "https://sigstore.dev/cosign/sign/v1")
    }

    @Test(arguments: [PrivateKey.Kind.ecdsaP384, .ecdsaP521, .rsa(bits: 2048), .ed25519])
    func otherKinds(of kind: PrivateKey.Kind) throws {
        let maker = try Maker(kind)
        let bundle = try Maker.bundle(maker.envelope(Maker.statement(maker.image)))
        let claims = try bundle.verifySignature(
            of: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
        #expect(claims.digest == maker.image)
    }

    @Test func anotherKey() throws {
        let bundle = try Maker.bundle(Maker().envelope(Maker.statement(maker.image)))
        #expect(throws: SignatureFailure.signatureMismatch) {
            try bundle.verifySignature(of: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
        }
    }

    @Test func anotherImage() throws {
        #expect(throws: SignatureFailure.digestMismatch(signed: "\"\(maker.other)\"", expected: maker.image)) {
            try verify(Maker.statement(maker.other))
        }
    }

    /// policy-controller CVE-2022-35930 and cosign CVE-2022-35929: an attestation of another type must not do.
    @Test(arguments: [
        "https://cosign.sigstore.dev/attestation/vuln/v1", "https://slsa.dev/provenance/v1", "",
        "https://sigstore.dev/cosign/sign/v1/", "https://sigstore.dev/cosign/sign/v2",
        "https://sigstore.dev/cosign/sign/V1", "sigstore.dev/cosign/sign/v1",
    ])
    func attestationIsNoSignature(predicateType: String) throws {
        let failure = #expect(throws: SignatureFailure.self) {
            try verify(Maker.statement(maker.image, predicateType: predicateType))
        }
        guard case .typeMismatch = failure else {
            Issue.record("not a type mismatch: \(String(describing: failure))")
            return
        }
    }

    @Test(arguments: ["https://in-toto.io/Statement/v2", "https://in-toto.io/Statement/v0.2", "Statement", ""])
    func anotherStatementType(type: String) throws {
        let failure = #expect(throws: SignatureFailure.self) { try verify(Maker.statement(maker.image, type: type)) }
        guard case .typeMismatch = failure else {
            Issue.record("not a type mismatch: \(String(describing: failure))")
            return
        }
    }

    @Test func anotherPayloadType() throws {
        let envelope = try maker.envelope(Maker.statement(maker.image), payloadType: "application/json")
        let failure = #expect(throws: SignatureFailure.self) {
            try Maker.bundle(envelope)
                .verifySignature(of: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
        }
        guard case .typeMismatch = failure else {
            Issue.record("not a type mismatch: \(String(describing: failure))")
            return
        }
    }

    @Test func payloadTypeIsSigned() throws {
        let envelope = try maker.envelope(Maker.statement(maker.image), payloadType: "application/json")
            .replacing("application/json", with: "application/vnd.in-toto+json")
        #expect(throws: SignatureFailure.signatureMismatch) {
            try Maker.bundle(envelope)
                .verifySignature(of: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
        }
    }

    // MARK: Subjects

    private func statement(subjects: String) -> String {
        let subjects = subjects.replacing("GOOD", with: maker.image.hex).replacing("OTHER", with: maker.other.hex)
        return """
            {"_type":"https://in-toto.io/Statement/v1","subject":\(subjects),\
            "predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}
            """
    }

    @Test(arguments: [
        #"[{"digest":{"sha256":"OTHER"}},{"digest":{"sha256":"GOOD"},"annotations":{"team":"blue"}}]"#,
        #"[{"digest":{"sha256":"GOOD"}},{"digest":{"sha256":"GOOD"},"annotations":{"team":"blue"}}]"#,
        #"[{"name":"x","digest":{"sha512":"","sha256":"GOOD"},"annotations":{"team":"blue"}}]"#,
    ])
    func someSubjectIsTheImage(subjects: String) throws {
        let claims = try verify(statement(subjects: subjects), annotations: ["team": "blue"])
        #expect(claims.digest == maker.image)
    }

    @Test(arguments: [
        #"[{"digest":{"sha256":"OTHER"},"annotations":{"team":"blue"}},{"digest":{"sha256":"GOOD"}}]"#,
        #"[{"digest":{"sha256":"GOOD"},"annotations":{"team":"red"}}]"#,
        #"[{"digest":{"sha256":"GOOD"},"annotations":{"team":"blue"}},{"digest":{"sha256":"GOOD"},"annotations":{"b":"1"}}]"#,
    ])
    func annotationsOfAnotherSubjectDoNotCount(subjects: String) throws {
        let failure = #expect(throws: SignatureFailure.self) {
            try verify(statement(subjects: subjects), annotations: ["team": "blue", "b": "1"])
        }
        guard case .annotationMismatch = failure else {
            Issue.record("not an annotation mismatch: \(String(describing: failure))")
            return
        }
    }

    @Test(arguments: [
        #"[{"digest":{"sha512":"GOOD"}}]"#, #"[{"digest":"GOOD"}]"#, #"[{}]"#, #"["GOOD"]"#,
        #"[{"digest":{"sha256":"sha256:GOOD"}}]"#, #"[{"digest":{"SHA256":"GOOD"}}]"#,
    ])
    func noSubjectIsTheImage(subjects: String) throws {
        let failure = #expect(throws: SignatureFailure.self) { try verify(statement(subjects: subjects)) }
        guard case .digestMismatch = failure else {
            Issue.record("not a digest mismatch: \(String(describing: failure))")
            return
        }
    }

    @Test func malformedStatements() throws {
        let many = Array(repeating: #"{"digest":{}}"#, count: Statement.maximumSubjects + 1).joined(separator: ",")
        let texts = [
            "", "[]", "{}", statement(subjects: "[]"), statement(subjects: "{}"), statement(subjects: "[\(many)]"),
            statement(subjects: #"[{"digest":{"sha256":"GOOD"}}]"#).replacing("predicateType", with: "predicatetype"),
            statement(subjects: #"[{"digest":{"sha256":"GOOD","sha256":"OTHER"}}]"#),
            statement(subjects: #"[{"digest":{"sha256":"GOOD"}}],"subject":[]"#),
        ]
        for text in texts {
            let failure = #expect(throws: SignatureFailure.self) { try verify(text) }
            guard case .malformedClaims = failure else {
                Issue.record("\(text) is not malformed claims: \(String(describing: failure))")
                continue
            }
        }
    }

    // MARK: Bundles

    @Test(arguments: [
        "application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle.v0.4+json", "application/json", "",
    ])
    func versionsRefusedByName(mediaType: String) throws {
        let envelope = try maker.envelope(Maker.statement(maker.image))
        #expect(throws: SignatureFailure.unsupported("a bundle of type \"\(mediaType)\", only version 0.3 is read")) {
            try Maker.bundle(envelope, mediaType: mediaType)
        }
    }

    @Test func bothSpellingsOfVersion03() throws {
        let envelope = try maker.envelope(Maker.statement(maker.image))
        for mediaType in Bundle.supportedMediaTypes {
            #expect(Bundle.isBundle(mediaType: mediaType))
            _ = try Maker.bundle(envelope, mediaType: mediaType)
        }
        #expect(Bundle.isBundle(mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1"))
        #expect(!Bundle.isBundle(mediaType: "application/vnd.oci.empty.v1+json"))
    }

    /// cosign GHSA-fx35-mq7g-6g98: a key that comes with the bundle must not stand in for the policy's.
    @Test func keysComeFromThePolicy() throws {
        let stranger = try Maker()
        let envelope = try stranger.envelope(Maker.statement(maker.image))
        let strangerKey = Base64.encode(stranger.publicKey.der)
        let hint = Base64.encode(maker.publicKey.fingerprint.bytes)
        for material in [
            #"{"certificate":{"rawBytes":"\#(strangerKey)"}}"#, #"{"publicKey":{"hint":"\#(hint)"}}"#,
            #"{"publicKey":{"hint":"\#(hint)","rawBytes":"\#(strangerKey)"}}"#,
        ] {
            #expect(throws: SignatureFailure.signatureMismatch) {
                try Maker.bundle(envelope, material: material)
                    .verifySignature(of: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
            }
        }
    }

    @Test func materialIsNoProofAndNoObstacle() throws {
        let envelope = try maker.envelope(Maker.statement(maker.image))
        for material in [
            #"{"publicKey":{"hint":"wrong"}}"#, #"{"certificate":{"rawBytes":"AAAA"}}"#, #"{"publicKey":{}}"#,
            #"{"publicKey":{"hint":""},"certificate":null,"tlogEntries":[{"logIndex":"1"}]}"#,
        ] {
            let claims = try Maker.bundle(envelope, material: material)
                .verifySignature(of: maker.image, with: maker.publicKey, hash: nil, annotations: [:])
            #expect(claims.digest == maker.image)
        }
    }

    @Test(arguments: [
        "null", "[]", "{}", #"{"publicKey":null}"#, #"{"publicKey":{},"certificate":{}}"#,
        #"{"x509CertificateChain":{"certificates":[]}}"#,
    ])
    func otherMaterialIsRefused(material: String) throws {
        let envelope = try maker.envelope(Maker.statement(maker.image))
        #expect(throws: SignatureFailure.self) { try Maker.bundle(envelope, material: material) }
    }

    @Test func messageSignatureIsRefusedByName() throws {
        let text = """
            {"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}},\
            "messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":""},"signature":""}}
            """
        #expect(
            throws: SignatureFailure.unsupported(
                "a bundle with a messageSignature, only a dsseEnvelope can name an image")
        ) { try Bundle(parsing: Array(text.utf8)) }
    }

    @Test func exactlyOneSignature() throws {
        let envelope = try maker.envelope(Maker.statement(maker.image))
        let stranger = try Maker().envelope(Maker.statement(maker.image))
        func signature(_ envelope: String) -> String { String(envelope.split(separator: "[")[1].dropLast(2)) }
        let two = envelope.replacing("]}", with: ",\(signature(stranger))]}")
        #expect(try DSSEEnvelope(parsing: Array(two.utf8)).isSigned(by: maker.publicKey, hash: nil))
        #expect(throws: SignatureFailure.malformed("the bundle's envelope has 2 signatures instead of one")) {
            try Maker.bundle(two)
        }
    }

    @Test(arguments: ["", "[]", "{", "{}", #"{"mediaType":7}"#, #"{"mediaType":"a","mediaType":"a"}"#])
    func malformedBundles(text: String) {
        #expect(throws: SignatureFailure.self) { try Bundle(parsing: Array(text.utf8)) }
    }

    @Test func whatIsPrintedHasThePayloadsShape() throws {
        let claims = try verify(Maker.statement(maker.image, annotations: #"{"team":"blue"}"#))
        let printed = String(decoding: claims.json(for: "example.com/app:v1"), as: UTF8.self)
        #expect(
            printed == """
                {"critical":{"identity":{"docker-reference":"example.com/app:v1"},\
                "image":{"docker-manifest-digest":"\(maker.image)"},\
                "type":"https://sigstore.dev/cosign/sign/v1"},"optional":{"team":"blue"}}
                """)
        let plain = try verify(Maker.statement(maker.image, annotations: "null"))
        #expect(String(decoding: plain.json(for: ""), as: UTF8.self).hasSuffix(#""optional":{}}"#))
    }
}

@Suite struct DSSEEnvelopeTests {
    /// The example of the DSSE protocol's text.
    @Test func preAuthenticationEncoding() {
        let encoding = DSSEEnvelope.preAuthenticationEncoding(
            payloadType: "http://example.com/HelloWorld", payload: Array("hello world".utf8))
        #expect(
            String(decoding: encoding, as: UTF8.self) == "DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    }

    @Test func lengthsAreBytes() {
        let encoding = DSSEEnvelope.preAuthenticationEncoding(payloadType: "\u{e9}", payload: Array("\u{1F600}".utf8))
        #expect(String(decoding: encoding, as: UTF8.self) == "DSSEv1 2 \u{e9} 4 \u{1F600}")
    }

    @Test func bothAlphabets() throws {
        let standard = #"{"payload":"++//","payloadType":"t","signatures":[{"sig":"+/+/","keyid":"any"}]}"#
        let urlSafe = #"{"payload":"--__","payloadType":"t","signatures":[{"sig":"-_-_"}]}"#
        #expect(try DSSEEnvelope(parsing: Array(standard.utf8)) == DSSEEnvelope(parsing: Array(urlSafe.utf8)))
    }

    @Test func malformed() {
        let signature = #"{"sig":"AQID"}"#
        let many = Array(repeating: signature, count: DSSEEnvelope.maximumSignatures + 1).joined(separator: ",")
        let texts = [
            "", "[]", "null", "{}",
            #"{"payload":"AAAA","signatures":[\#(signature)]}"#,
            #"{"payload":"AAAA","payloadType":"","signatures":[\#(signature)]}"#,
            #"{"payloadType":"t","signatures":[\#(signature)]}"#,
            #"{"payload":"AAA","payloadType":"t","signatures":[\#(signature)]}"#,
            #"{"payload":"+-AA","payloadType":"t","signatures":[\#(signature)]}"#,
            #"{"payload":"AAAA","payloadType":"t"}"#,
            #"{"payload":"AAAA","payloadType":"t","signatures":[]}"#,
            #"{"payload":"AAAA","payloadType":"t","signatures":\#(signature)}"#,
            #"{"payload":"AAAA","payloadType":"t","signatures":[{}]}"#,
            #"{"payload":"AAAA","payloadType":"t","signatures":[{"sig":""}]}"#,
            #"{"payload":"AAAA","payloadType":"t","signatures":[{"sig":"!"}]}"#,
            #"{"payload":"AAAA","payloadType":"t","signatures":[\#(many)]}"#,
        ]
        for text in texts {
            #expect(throws: SignatureFailure.self, "\(text)") { try DSSEEnvelope(parsing: Array(text.utf8)) }
        }
    }
}
