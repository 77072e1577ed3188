import JSON
import OCI
import OpenSSL

/// One layer of a cosign signature manifest: the signed payload, and the signature from the layer's annotation.
///
/// A value that exists hashes to its descriptor. It is not verified.
/// Source: spec/signatures.md, "cosign 2: a tag beside the image".
public struct SignatureLayer: Sendable, Hashable {
    public static let mediaType = "application/vnd.dev.cosign.simplesigning.v1+json"
    public static let signatureAnnotation = "dev.cosignproject.cosign/signature"

    public let descriptor: Descriptor
    public let payload: [UInt8]
    public let signature: [UInt8]

    /// The certificate that comes with the signature, unread.
    public var attachedCertificate: AttachedCertificate? { AttachedCertificate(annotations: descriptor.annotations) }

    /// - Throws: ``SignatureFailure/malformed(_:)``.
    public init(descriptor: Descriptor, payload: [UInt8]) throws(SignatureFailure) {
        // (1) The bytes are the ones that the descriptor names.
        guard payload.count == descriptor.size else {
            throw .malformed("the payload has \(payload.count) bytes, its descriptor says \(descriptor.size)")
        }
        guard Digest(of: payload) == descriptor.digest else {
            throw .malformed("the payload does not hash to its descriptor's digest")
        }

        // (2) The signature stands beside them.
        guard let text = descriptor.annotations[Self.signatureAnnotation] else {
            throw .malformed("the layer has no annotation \(Self.signatureAnnotation)")
        }
        self.signature = try SignatureBytes.decode(text, "the annotation \(Self.signatureAnnotation)")
        self.descriptor = descriptor
        self.payload = payload
    }
}

/// Base64 as the formats of signatures write it.
enum SignatureBytes {
    /// No signature is longer: RSA with 16,384 bits makes 2,048 bytes.
    static let maximumBytes = 4096

    /// - Parameter name: what the text is, for the message.
    static func decode(_ text: String, _ name: @autoclosure () -> String) throws(SignatureFailure) -> [UInt8] {
        guard text.utf8.count <= maximumBytes * 2, let bytes = Base64.decode(text) else {
            throw .malformed("\(name()) is not base64")
        }
        guard !bytes.isEmpty, bytes.count <= maximumBytes else {
            throw .malformed("\(name()) holds \(bytes.count) bytes, which no signature has")
        }
        return bytes
    }
}
