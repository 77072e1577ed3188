import OCI
import OpenSSL
import Sigstore

/// Bundles and envelopes, and the check of signatures that nobody made.
enum BundleTarget: FuzzTarget {
    static let name = "bundle"

    private static let key = try? PrivateKey.generate().publicKey
    private static let image = Digest(of: [])

    static func run(_ bytes: [UInt8]) {
        _ = try? DSSEEnvelope(parsing: bytes)
        guard let key, let bundle = try? Bundle(parsing: bytes) else { return }
        let claims = try? bundle.verifySignature(of: image, with: key, hash: nil, annotations: [:])
        require(claims == nil, "nobody has this key")
    }
}
