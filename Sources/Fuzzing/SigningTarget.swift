import JSON
import OCI
import OpenSSL
import Sigstore

/// Payloads that are no simple signing, signed properly: everything behind the signature check.
enum SigningTarget: FuzzTarget {
    static let name = "signing"

    private static let key = try? PrivateKey.generate(.ed25519)
    private static let image = Digest(of: [])

    static func run(_ bytes: [UInt8]) {
        guard let key, let signature = try? key.sign(bytes) else { return }
        let descriptor = Descriptor(
            mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: Digest(of: bytes), size: bytes.count,
            annotations: ["dev.cosignproject.cosign/signature": Base64.encode(signature)])
        guard let layer = try? SignatureLayer(descriptor: descriptor, payload: bytes) else { return }
        let claims = try? SimpleSigning.verify(
            layer, for: image, with: key.publicKey, hash: nil, annotations: ["a": "b"])
        require(claims == nil || bytes.count > image.hex.utf8.count, "claims name the image")
    }
}
