import JSON
import OCI
import OpenSSL
import Testing

@testable import Sigstore

/// What makes an envelope an attestation of a type about an image by a key: spec/signatures.md, 5.
@Suite struct AttestationTests {
    static let type = "https://cosign.sigstore.dev/attestation/vuln/v1"

    let maker: Maker

    init() throws { maker = try Maker() }

    private func layer(_ envelope: String) throws -> AttestationLayer {
        let content = Array(envelope.utf8)
        let descriptor = Descriptor(
            mediaType: AttestationLayer.mediaType, digest: Digest(of: content), size: content.count,
            // Whoever can push can write anything here.
            annotations: ["predicateType": Self.type])
        return try AttestationLayer(descriptor: descriptor, content: content)
    }

    private func statement(
        _ digest: Digest? = nil, type: String = "https://in-toto.io/Statement/v0.1",
        predicateType: String = AttestationTests.type, annotations: String = "{}"
    ) -> String {
        Maker.statement(
            digest ?? maker.image, type: type, predicateType: predicateType, annotations: annotations)
    }

    /// Both forms answer alike.
    private func verify(
        _ envelope: String, key: PublicKey? = nil, annotations: [String: String] = [:]
    ) throws -> VerifiedStatement {
        let key = key ?? maker.publicKey
        let ofLayer = Result {
            try layer(envelope).verifyAttestation(
                of: maker.image, predicateType: Self.type, with: key, hash: nil, annotations: annotations)
        }
        let ofBundle = Result {
            try Maker.bundle(envelope).verifyAttestation(
                of: maker.image, predicateType: Self.type, with: key, hash: nil, annotations: annotations)
        }
        switch (ofLayer, ofBundle) {
        case (.success(let a), .success(let b)): #expect(a == b)
        case (.failure(let a), .failure(let b)): #expect(a as? SignatureFailure == b as? SignatureFailure)
        default: Issue.record("\(ofLayer) in a layer and \(ofBundle) in a bundle")
        }
        return try ofLayer.get()
    }

    @Test(arguments: ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"])
    func attestation(type: String) throws {
        let verified = try verify(maker.envelope(statement(type: type)))
        #expect(verified.predicateType == Self.type)
        #expect(verified.predicate?.kind == .object)
        #expect(verified.document.root["_type"]?.string == type)
        #expect(verified.footprint > verified.document.bytes.count)
    }

    @Test func predicateMayBeMissing() throws {
        let text = statement().replacing(#","predicate":{}"#, with: "")
        #expect(try verify(maker.envelope(text)).predicate == nil)
    }

    @Test func anotherKey() throws {
        #expect(throws: SignatureFailure.signatureMismatch) {
            try verify(maker.envelope(statement()), key: Maker().publicKey)
        }
    }

    @Test func anotherImage() throws {
        #expect(throws: SignatureFailure.digestMismatch(signed: "\"\(maker.other)\"", expected: maker.image)) {
            try verify(maker.envelope(statement(maker.other)))
        }
    }

    /// policy-controller CVE-2022-35930 and cosign CVE-2022-35929.
    @Test(arguments: [
        "https://sigstore.dev/cosign/sign/v1", "https://cosign.sigstore.dev/attestation/vuln/v2",
        "https://cosign.sigstore.dev/attestation/vuln/v1/", "cosign.sigstore.dev/attestation/vuln/v1",
        "https://cosign.sigstore.dev/attestation/Vuln/v1", "",
    ])
    func anotherType(predicateType: String) throws {
        #expect(throws: SignatureFailure.predicateTypeMismatch(found: "\"\(predicateType)\"")) {
            try verify(maker.envelope(statement(predicateType: predicateType)))
        }
    }

    @Test func anotherPayloadType() throws {
        #expect(throws: SignatureFailure.typeMismatch(found: "a payload of type \"application/json\"")) {
            try verify(maker.envelope(statement(), payloadType: "application/json"))
        }
    }

    /// The key signed it, and it may be of the type: nobody may pass over it.
    @Test(arguments: [
        #"{"_type":"https://in-toto.io/Statement/v2"}"#, "{}", "[]", "not JSON", #"{"a":1,"a":2}"#,
        #"{"_type":"https://in-toto.io/Statement/v1","predicateType":"x"}"#,
    ])
    func whatCannotBeReadIsToldApart(text: String) throws {
        let failure = #expect(throws: SignatureFailure.self) { try verify(maker.envelope(text)) }
        guard case .malformedClaims = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func annotationsOfTheSubject() throws {
        let envelope = try maker.envelope(statement(annotations: #"{"team":"blue"}"#))
        _ = try verify(envelope, annotations: ["team": "blue"])
        #expect(throws: SignatureFailure.annotationMismatch(key: "team", expected: "red")) {
            try verify(envelope, annotations: ["team": "red"])
        }
    }

    // MARK: Several signatures

    private func envelope(signedBy makers: [Maker], _ text: String) throws -> String {
        let envelopes = try makers.map { try Document(text: $0.envelope(text)).root }
        let signatures = envelopes.compactMap { $0["signatures"]?[0]?.source }
            .map { String(decoding: $0, as: UTF8.self) }
        let payload = envelopes[0]["payload"]?.string ?? ""
        return """
            {"payloadType":"application/vnd.in-toto+json","payload":"\(payload)",\
            "signatures":[\(signatures.joined(separator: ","))]}
            """
    }

    @Test func oneOfALayersSignaturesMustBeTheKeys() throws {
        let (bob, carol) = (try Maker(.rsa(bits: 2048)), try Maker(.ed25519))
        let layer = try layer(envelope(signedBy: [bob, maker, carol], statement()))
        for key in [bob.publicKey, maker.publicKey, carol.publicKey] {
            _ = try layer.verifyAttestation(
                of: maker.image, predicateType: Self.type, with: key, hash: nil, annotations: [:])
        }
        #expect(throws: SignatureFailure.signatureMismatch) {
            try layer.verifyAttestation(
                of: maker.image, predicateType: Self.type, with: Maker().publicKey, hash: nil, annotations: [:])
        }
    }

    @Test func unsignedStatement() throws {
        let payload = Base64.encode(Array(statement().utf8))
        for signatures in ["[]", "null", #"[{"sig":""}]"#] {
            let text = """
                {"payloadType":"application/vnd.in-toto+json","payload":"\(payload)","signatures":\(signatures)}
                """
            let failure = #expect(throws: SignatureFailure.self) { try layer(text) }
            guard case .malformed = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
        // A bare statement is no envelope.
        #expect(throws: SignatureFailure.self) { try layer(statement()) }
    }

    @Test func onlyTheContentThatTheDescriptorNames() throws {
        let content = Array(try maker.envelope(statement()).utf8)
        for (digest, size) in [(Digest(of: [1]), content.count), (Digest(of: content), content.count + 1)] {
            let descriptor = Descriptor(mediaType: AttestationLayer.mediaType, digest: digest, size: size)
            #expect(throws: SignatureFailure.self) {
                try AttestationLayer(descriptor: descriptor, content: content)
            }
        }
    }

    @Test(arguments: [
        (HashAlgorithm.sha224, PrivateKey.Kind.ecdsaP256), (.sha384, .ecdsaP256), (.sha512, .rsa(bits: 2048)),
        (.sha512, .ecdsaP384),
    ])
    func theHashThatThePolicyNames(hash: HashAlgorithm, kind: PrivateKey.Kind) throws {
        let maker = try Maker(kind)
        let layer = try layer(maker.envelope(statement(), hash: hash))
        _ = try layer.verifyAttestation(
            of: maker.image, predicateType: Self.type, with: maker.publicKey, hash: hash, annotations: [:])
        for other in [nil, HashAlgorithm.sha256] {
            #expect(throws: SignatureFailure.signatureMismatch) {
                try layer.verifyAttestation(
                    of: maker.image, predicateType: Self.type, with: maker.publicKey, hash: other, annotations: [:])
            }
        }
    }
}
