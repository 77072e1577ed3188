/// Why a key cannot be used. Each case renders what the text or the key is, and what to give instead.
public enum KeyError: Error, Sendable, Hashable, CustomStringConvertible {
    case empty
    case notPEM(String)
    /// A private key where a public one belongs.
    case privateKeyPasted
    /// A certificate where a public key belongs.
    case certificatePasted
    case unexpectedBlock(label: String)
    case severalKeys(count: Int)
    case malformed(String)
    case trailingData(bytes: Int)
    case notCanonical
    case explicitCurveParameters
    case compressedPoint
    case unsupportedCurve(String)
    case unsupportedAlgorithm(String)
    case rsaTooSmall(bits: Int)
    case rsaTooLarge(bits: Int)
    /// A private key that needs a passphrase.
    case encrypted
    /// OpenSSL refuses an operation with the key.
    case refused(String)

    public var description: String {
        switch self {
        case .empty:
            "the key is empty; give a PEM block that begins with -----BEGIN PUBLIC KEY-----"
        case .notPEM(let reason):
            "the key is not PEM: \(reason)"
        case .privateKeyPasted:
            "the text holds a private key where the public key belongs; "
                + "treat that private key as leaked, replace it, and give the new public key"
        case .certificatePasted:
            "the text holds a certificate where a public key belongs; "
                + "take the key out of it with: openssl x509 -pubkey -noout -in FILE"
        case .unexpectedBlock(let label):
            "the text holds a \"\(label)\" block where a key belongs"
        case .severalKeys(let count):
            "the text holds \(count) keys where one belongs"
        case .malformed(let reason):
            "the key does not decode: \(reason)"
        case .trailingData(let bytes):
            "the key is followed by \(bytes) bytes that do not belong to it"
        case .notCanonical:
            "the key is not in its one DER encoding"
        case .explicitCurveParameters:
            "the key spells its curve out as explicit parameters; name the curve instead (P-256, P-384 or P-521)"
        case .compressedPoint:
            "the key's point is in compressed or hybrid form; give it uncompressed"
        case .unsupportedCurve(let name):
            "the key is on the curve \(name); supported are P-256, P-384 and P-521"
        case .unsupportedAlgorithm(let name):
            "the key is of the kind \(name); supported are ECDSA, RSA (PKCS#1 v1.5) and Ed25519"
        case .rsaTooSmall(let bits):
            "the RSA key has \(bits) bits; at least \(PublicKey.minimumRSABits) are needed"
        case .rsaTooLarge(let bits):
            "the RSA key has \(bits) bits; at most \(PublicKey.maximumRSABits) are supported"
        case .encrypted:
            "the private key is encrypted; give it without a passphrase"
        case .refused(let reason):
            "OpenSSL refuses the key: \(reason)"
        }
    }
}
