import OCI
import OpenSSL

/// What a signature says, and in which of many ways it is wrong. The defaults make what cosign makes.
public struct SigningOptions: Sendable {
    /// What a bundle holds besides the material to verify it with.
    public enum Content: Sendable {
        case envelope
        /// A signature over the image's manifest itself, which names no image.
        case messageSignature
    }

    /// `-a key=value`: a payload's `optional`, or the annotations of a statement's subject.
    public var annotations: [String: String] = [:]
    /// Where the signature is kept, as with COSIGN_REPOSITORY; nil for the image's own repository.
    public var repository: String?
    /// Where the image was seen when it was signed; nil for where it is.
    public var identity: String?

    /// A certificate that a bundle brings instead of a hint at a key, as DER or whatever is to stand there.
    public var certificate: [UInt8]?

    // What can be wrong:

    /// The image that is signed instead of the one that the signature is laid beside.
    public var claimedDigest: Digest?
    /// Whether a bit of the signature is turned over.
    public var corruptsSignature = false
    /// `critical.type` of a simple-signing payload.
    public var claimType = "cosign container image signature"
    /// `optional` of a simple-signing payload as JSON text, instead of the annotations.
    public var optional: [UInt8]?
    /// The whole payload that is signed, instead of the right one: of a layer, or inside an envelope.
    public var payload: [UInt8]?
    public var payloadType = "application/vnd.in-toto+json"
    public var statementType: String?
    public var predicateType: String?
    /// JSON text.
    public var predicate: [UInt8]?
    /// Keys that sign the same envelope besides the signer's, before it.
    public var otherKeys: [PrivateKey] = []
    public var content = Content.envelope
    public var bundleType = Signer.bundleType
    /// `verificationMaterial.publicKey.hint`; nil for the key's own.
    public var keyHint: String?
    /// Layers of the same content in a bundle's manifest, where one is right.
    public var bundleLayers = 1
    /// Further annotations of a bundle's manifest, or of a signature's layer.
    public var manifestAnnotations: [String: String] = [:]

    public init() {}
}

/// Why nothing was signed.
public enum SigningFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownImage(Digest, repository: String)
    case key(KeyError)
    /// What lies where signatures are kept is no manifest that could be added to.
    case manifest(ManifestError)

    public var description: String {
        switch self {
        case .unknownImage(let digest, let repository): "\(repository) holds no image \(digest)"
        case .key(let error): "cannot sign: \(error)"
        case .manifest(let error): "cannot add a signature: \(error)"
        }
    }
}
