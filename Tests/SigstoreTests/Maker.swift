import JSON
import OCI
import OpenSSL

@testable import Sigstore

/// Signs whatever a test wants signed.
struct Maker {
    let key: PrivateKey
    let image = Digest(of: Array("an image".utf8))
    let other = Digest(of: Array("another image".utf8))

    init(_ kind: PrivateKey.Kind = .ecdsaP256) throws { key = try PrivateKey.generate(kind) }

    var publicKey: PublicKey { key.publicKey }

    // MARK: Simple signing

    static func payload(
        _ digest: Digest, type: String = "cosign container image signature", optional: String = "null"
    ) -> String {
        """
        {"critical":{"identity":{"docker-reference":"example.com/app"},\
        "image":{"docker-manifest-digest":"\(digest)"},"type":"\(type)"},"optional":\(optional)}
        """
    }

    func layer(_ payload: String, hash: HashAlgorithm = .sha256) throws -> SignatureLayer {
        let bytes = Array(payload.utf8)
        return try Self.layer(bytes, signature: key.sign(bytes, hash: hash))
    }

    static func layer(_ payload: [UInt8], signature: [UInt8]) throws -> SignatureLayer {
        let descriptor = Descriptor(
            mediaType: SignatureLayer.mediaType, digest: Digest(of: payload), size: payload.count,
            annotations: [SignatureLayer.signatureAnnotation: Base64.encode(signature)])
        return try SignatureLayer(descriptor: descriptor, payload: payload)
    }

    // MARK: Bundles

    static func statement(
        _ digest: Digest, type: String = "https://in-toto.io/Statement/v1",
        predicateType: String = "https://sigstore.dev/cosign/sign/v1", annotations: String = "{}"
    ) -> String {
        """
        {"_type":"\(type)","subject":[{"digest":{"sha256":"\(digest.hex)"},"annotations":\(annotations)}],\
        "predicateType":"\(predicateType)","predicate":{}}
        """
    }

    func envelope(
        _ statement: String, payloadType: String = "application/vnd.in-toto+json", hash: HashAlgorithm = .sha256
    ) throws -> String {
        let payload = Array(statement.utf8)
        let message = DSSEEnvelope.preAuthenticationEncoding(payloadType: payloadType, payload: payload)
        let signature = try Base64.encode(key.sign(message, hash: hash))
        return """
            {"payload":"\(Base64.encode(payload))","payloadType":"\(payloadType)","signatures":[{"sig":"\(signature)"}]}
            """
    }

    static func bundle(
        _ envelope: String, mediaType: String = "application/vnd.dev.sigstore.bundle.v0.3+json",
        material: String = #"{"publicKey":{"hint":""}}"#
    ) throws(SignatureFailure) -> Bundle {
        let text = #"{"mediaType":"\#(mediaType)","verificationMaterial":\#(material),"dsseEnvelope":\#(envelope)}"#
        return try Bundle(parsing: Array(text.utf8))
    }
}

/// Numbers that are the same on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
