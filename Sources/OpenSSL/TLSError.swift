/// Why a server cannot speak TLS with a certificate and a key.
public enum TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    case certificate(CertificateError)
    case key(KeyError)
    /// The first certificate of the chain is for another key.
    case keyMismatch
    /// The key fits a certificate of the chain, but not the first one.
    case leafNotFirst(position: Int)
    case expired(notAfter: Int)
    case notYetValid(notBefore: Int)
    /// OpenSSL refuses, with its reason.
    case refused(String)

    public var description: String {
        switch self {
        case .certificate(let error): error.description
        case .key(let error): "TLS key: \(error)"
        case .keyMismatch: "the TLS certificate does not belong to the TLS key"
        case .leafNotFirst(let position):
            "the server's own certificate stands at place \(position) of the chain; put it first"
        case .expired(let notAfter): "the TLS certificate expired on \(UnixTime.text(notAfter))"
        case .notYetValid(let notBefore): "the TLS certificate is not valid before \(UnixTime.text(notBefore))"
        case .refused(let reason): "OpenSSL refuses the TLS settings: \(reason)"
        }
    }
}
