/// Why a certificate cannot be read or made.
public enum CertificateError: Error, Sendable, Hashable, CustomStringConvertible {
    case empty
    case notPEM(String)
    case unexpectedBlock(label: String)
    case severalCertificates(count: Int)
    case malformed(String)
    case trailingData(bytes: Int)
    /// A name that a certificate cannot carry.
    case invalidName(String)
    /// OpenSSL refuses an operation with the certificate.
    case refused(String)

    public var description: String {
        switch self {
        case .empty: "there is no certificate; give a PEM block that begins with -----BEGIN CERTIFICATE-----"
        case .notPEM(let reason): "the certificate is not PEM: \(reason)"
        case .unexpectedBlock(let label): "the text holds a \"\(label)\" block where a certificate belongs"
        case .severalCertificates(let count): "the text holds \(count) certificates where one belongs"
        case .malformed(let reason): "the certificate does not decode: \(reason)"
        case .trailingData(let bytes): "the certificate is followed by \(bytes) bytes that do not belong to it"
        case .invalidName(let name): "a certificate cannot be made for the name \"\(name)\""
        case .refused(let reason): "OpenSSL refuses the certificate: \(reason)"
        }
    }
}
