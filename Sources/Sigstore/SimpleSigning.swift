import JSON
import OCI
import OpenSSL

/// The payload that cosign 2 signs.
///
/// Source: spec/signatures.md, "cosign 2: a tag beside the image" and "Checking, step by step", 4.
public enum SimpleSigning {
    /// What a payload may say it is: cosign's own name, and those of older signers and of Tekton Chains.
    static let types: Set<String> = [
        "cosign container image signature",
        "atomic container signature",
        "Tekton container signature",
    ]

    /// Deep enough for any annotation's value, and nothing that a payload needs comes near it.
    static let maximumDepth = 32

    /// Checks that a layer is a signature of an image by a key, carrying the annotations.
    ///
    /// - Parameters:
    ///   - hash: the hash that was signed; nil as for ``PublicKey/isSignature(_:over:hash:)``.
    ///   - annotations: what the payload's `optional` must hold, each with exactly this value.
    /// - Throws: the first check that fails, as a ``SignatureFailure``.
    public static func verify(
        _ layer: SignatureLayer, for image: Digest, with key: PublicKey, hash: HashAlgorithm?,
        annotations: [String: String]
    ) throws(SignatureFailure) -> Claims {
        // (1) The signature is over exactly the layer's bytes. Nothing of them is read before.
        guard key.isSignature(layer.signature, over: layer.payload, hash: hash) else { throw .signatureMismatch }

        // (2) Those same bytes are a payload.
        let payload = try Payload(parsing: layer.payload)

        // (3) It names this image,
        guard payload.digest.utf8.elementsEqual(image.description.utf8) else {
            throw .digestMismatch(signed: quoted(payload.digest), expected: image)
        }

        // (4) says that it is a signature of a container image,
        guard types.contains(payload.type) else {
            throw .typeMismatch(found: "a payload of type \(quoted(payload.type))")
        }

        // (5) and carries what is asked.
        try Annotations.require(annotations, in: payload.optional)

        return Claims(
            form: .simpleSigning, digest: image, type: payload.type, dockerReference: payload.dockerReference,
            source: layer.payload
        )
    }
}

/// A signed payload, read.
private struct Payload {
    let digest: String
    let type: String
    let dockerReference: String?
    let optional: Value?

    init(parsing bytes: [UInt8]) throws(SignatureFailure) {
        // How many bytes is for whoever fetched them to bound (`--max-payload-bytes`).
        let limits = ParseLimits(maximumBytes: bytes.count, maximumDepth: SimpleSigning.maximumDepth)
        let document: Document
        do {
            document = try Document(bytes, limits: limits, duplicateKeys: .refuse)
        } catch {
            throw .malformedClaims("the payload is not JSON: \(error)")
        }
        let critical = try Self.object("critical", in: document.root)
        digest = try Self.text("docker-manifest-digest", in: Self.object("image", in: critical))
        type = try Self.text("type", in: critical)
        dockerReference = try Self.reference(in: critical)
        optional = try Self.member("optional", of: document.root)
    }

    /// Where the signer saw the image: informational, so it may be missing.
    private static func reference(in critical: Value) throws(SignatureFailure) -> String? {
        guard let identity = try member("identity", of: critical) else { return nil }
        return try member("docker-reference", of: identity)?.string
    }

    private static func object(_ key: String, in parent: Value) throws(SignatureFailure) -> Value {
        guard let value = try member(key, of: parent), value.kind == .object else {
            throw .malformedClaims("the payload has no object \"\(key)\"")
        }
        return value
    }

    private static func text(_ key: String, in parent: Value) throws(SignatureFailure) -> String {
        guard let text = try member(key, of: parent)?.string else {
            throw .malformedClaims("the payload has no text \"\(key)\"")
        }
        return text
    }

    /// A member by its key as written today, or capitalised as very old signers wrote it.
    ///
    /// Go readers ignore case, so a payload with two spellings of one key would mean one image to them and another to
    /// us: it is refused, whichever two they are.
    private static func member(_ key: String, of object: Value) throws(SignatureFailure) -> Value? {
        let capitalised = key.prefix(1).uppercased() + key.dropFirst()
        var found: Value?
        var spellings = 0
        for (candidate, value) in object.members where candidate.lowercased() == key {
            spellings += 1
            if candidate == key || candidate == capitalised { found = value }
        }
        guard spellings <= 1 else { throw .malformedClaims("the payload spells \"\(key)\" in two ways") }
        return found
    }
}
