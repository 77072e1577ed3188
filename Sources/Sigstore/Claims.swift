import JSON
import OCI

/// What a verified signature says about an image.
///
/// A value exists only where a signature was verified over what it was read from.
public struct Claims: Sendable, Hashable {
    public enum Form: String, Sendable, Hashable {
        case simpleSigning
        case bundle
    }

    public let form: Form
    /// The image that was signed.
    public let digest: Digest
    /// The payload's type, or the statement's predicate type.
    public let type: String
    /// Where the signer saw the image; informational, since images are copied between registries. A bundle has none.
    public let dockerReference: String?
    /// JSON text that was signed: the whole payload, or of a bundle's statement the subject's annotations.
    let source: [UInt8]

    /// The JSON text that `cosign verify` prints: the payload as it was signed, or for a bundle one of the same shape.
    ///
    /// - Parameter reference: the image as it was asked for, which stands in for what a bundle does not say.
    public func json(for reference: String) -> [UInt8] {
        switch form {
        case .simpleSigning: source
        case .bundle: payload(naming: reference)
        }
    }

    private func payload(naming reference: String) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("critical")
        writer.beginObject()
        writer.key("identity")
        writer.beginObject()
        writer.key("docker-reference")
        writer.string(reference)
        writer.endObject()
        writer.key("image")
        writer.beginObject()
        writer.key("docker-manifest-digest")
        writer.string(digest.description)
        writer.endObject()
        writer.key("type")
        writer.string(type)
        writer.endObject()
        writer.key("optional")
        writer.raw(source)
        writer.endObject()
        return writer.bytes
    }
}
