import JSON
import OCI
import OpenSSL
import Testing

@testable import Sigstore

/// What real cosign signed verifies, says what `cosign verify` said, and nothing else about it does.
@Suite struct CosignFixtureTests {
    @Test func cosign2Tag() throws {
        let fixture = Fixture("cosign2/tag")
        let key = try Fixture.key()
        let printed = try Document(fixture.bytes("verified.json")).root
        let layers = try fixture.layers
        #expect(layers.count == 2)
        for (index, layer) in layers.enumerated() {
            let claims = try SimpleSigning.verify(layer, for: fixture.digest, with: key, hash: nil, annotations: [:])
            #expect(claims.json(for: "") == printed[index]?.source)
        }
        let annotations = ["team": "blue", "build": "7"]
        _ = try SimpleSigning.verify(layers[1], for: fixture.digest, with: key, hash: .sha256, annotations: annotations)
        #expect(throws: SignatureFailure.annotationMismatch(key: "build", expected: "7")) {
            try SimpleSigning.verify(layers[0], for: fixture.digest, with: key, hash: nil, annotations: annotations)
        }
    }

    @Test func cosign2Ed25519() throws {
        let fixture = Fixture("cosign2/ed25519")
        let layer = try #require(try fixture.layers.first)
        let key = try Fixture.key("ed25519.pub")
        _ = try SimpleSigning.verify(layer, for: fixture.digest, with: key, hash: nil, annotations: [:])
        #expect(throws: SignatureFailure.signatureMismatch) {
            try SimpleSigning.verify(layer, for: fixture.digest, with: Fixture.key(), hash: nil, annotations: [:])
        }
    }

    @Test func cosign2Referrers() throws {
        let fixture = Fixture("cosign2/referrers")
        let layer = try #require(try fixture.layers.first)
        _ = try SimpleSigning.verify(layer, for: fixture.digest, with: Fixture.key(), hash: nil, annotations: [:])
    }

    @Test func cosign3Signature() throws {
        let fixture = Fixture("cosign3/signature")
        let key = try Fixture.key()
        let bundle = try Bundle(parsing: fixture.bundleBytes)
        let claims = try bundle.verifySignature(
            of: fixture.digest, with: key, hash: nil, annotations: ["team": "blue"])
        #expect(bundle.material == .publicKey(hint: Base64.encode(key.fingerprint.bytes)))

        let printed = try #require(try Document(fixture.bytes("verified.json")).root[0])
        let reference = printed["critical"]?["identity"]?["docker-reference"]?.string
        #expect(claims.json(for: try #require(reference)) == printed.source)
    }

    @Test func cosign3AttestationIsNoSignature() throws {
        let fixture = Fixture("cosign3/attestation")
        let bundle = try Bundle(parsing: fixture.bundleBytes)
        let type = "\"https://cosign.sigstore.dev/attestation/vuln/v1\""
        #expect(throws: SignatureFailure.typeMismatch(found: "a statement with predicate type \(type)")) {
            try bundle.verifySignature(of: fixture.digest, with: Fixture.key(), hash: nil, annotations: [:])
        }
    }

    @Test func copiedFromAnotherImage() throws {
        let other = try Fixture("cosign2/referrers").digest
        let layer = try #require(try Fixture("cosign2/tag").layers.first)
        let bundle = try Bundle(parsing: Fixture("cosign3/signature").bundleBytes)
        for attempt in [
            { try SimpleSigning.verify(layer, for: other, with: Fixture.key(), hash: nil, annotations: [:]) },
            { try bundle.verifySignature(of: other, with: Fixture.key(), hash: nil, annotations: [:]) },
        ] {
            let failure = #expect(throws: SignatureFailure.self) { try attempt() }
            guard case .digestMismatch = failure else {
                Issue.record("not a digest mismatch: \(String(describing: failure))")
                continue
            }
        }
    }

    // MARK: Properties

    /// No byte of a payload or of a signature can be another.
    @Test func everyByteOfALayerCounts() throws {
        let fixture = Fixture("cosign2/tag")
        let key = try Fixture.key()
        let digest = try fixture.digest
        let layer = try fixture.layers[1]
        for index in layer.payload.indices {
            var payload = layer.payload
            payload[index] ^= 1
            let changed = try Maker.layer(payload, signature: layer.signature)
            #expect(throws: SignatureFailure.signatureMismatch) {
                try SimpleSigning.verify(changed, for: digest, with: key, hash: nil, annotations: [:])
            }
        }
        for index in layer.signature.indices {
            var signature = layer.signature
            signature[index] ^= 1
            let changed = try Maker.layer(layer.payload, signature: signature)
            #expect(throws: SignatureFailure.signatureMismatch) {
                try SimpleSigning.verify(changed, for: digest, with: key, hash: nil, annotations: [:])
            }
        }
    }

    /// However a bundle is damaged, it is refused or says what it said before; nothing traps.
    @Test func damagedBundlesSayNothingNew() throws {
        let fixture = Fixture("cosign3/signature")
        let key = try Fixture.key()
        let digest = try fixture.digest
        let bytes = try fixture.bundleBytes
        let claims = try Bundle(parsing: bytes).verifySignature(of: digest, with: key, hash: nil, annotations: [:])
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            var damaged = bytes
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            case 1:
                damaged.removeLast(Int.random(in: 1..<damaged.count, using: &generator))
            default:
                let start = Int.random(in: 0..<damaged.count, using: &generator)
                let end = Int.random(in: start..<damaged.count, using: &generator)
                damaged.insert(contentsOf: damaged[start..<end], at: end)
            }
            let said = try? Bundle(parsing: damaged)
                .verifySignature(of: digest, with: key, hash: nil, annotations: [:])
            #expect(said == nil || said == claims)
        }
    }
}

@Suite struct SignatureFailureTests {
    @Test func laterChecksAreNearer() {
        let digest = Digest(of: [])
        let failures: [SignatureFailure] = [
            .malformed(""), .unsupported(""), .noCertificate, .certificateUntrusted(""), .signatureMismatch,
            .certificateExpired(""), .malformedClaims(""),
            .digestMismatch(signed: "", expected: digest), .typeMismatch(found: ""),
            .predicateTypeMismatch(found: ""), .annotationMismatch(key: "", expected: ""),
        ]
        #expect(failures.map(\.nearness) == Array(failures.indices))
    }

    @Test func messages() throws {
        let digest = Digest(of: [])
        #expect(SignatureFailure.signatureMismatch.description == "signature mismatch")
        #expect(
            SignatureFailure.digestMismatch(signed: "x", expected: digest).description
                .hasPrefix("digest mismatch: the signature is over x, the image is sha256:e3b0"))
        #expect(
            SignatureFailure.annotationMismatch(key: "team", expected: "blue").description
                == "annotation mismatch: the signature does not carry team=blue")
    }

    @Test func foreignTextIsShortAndPrintable() {
        #expect(quoted("a\nb\u{202E}") == "\"a\u{FFFD}b\u{FFFD}\"")
        #expect(quoted(String(repeating: "x", count: 300)).count == 203)
    }
}
