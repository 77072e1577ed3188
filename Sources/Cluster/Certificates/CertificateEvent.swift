import OpenSSL

/// What a replica serves TLS with, ready for the server.
public struct ServingCertificate: Sendable {
    /// Keeps the session tickets of the one before.
    public let context: TLSContext
    /// The last second of the authority that vouches for it, since 1970.
    public let authorityNotAfter: Int

    public var certificate: Certificate { context.certificate }
}

/// What happened around the certificates, for the log and the metrics. Nothing secret is in it.
public enum CertificateEvent: Sendable, CustomStringConvertible {
    /// From now on this replica serves with it.
    case serving(ServingCertificate)
    /// As the leader, this replica has written the Secret.
    case written(action: String, summary: String)
    /// As the leader, it could not; it is tried again. Said once for each reason.
    case failed(action: String, reason: String)
    /// The Secret does not say what could be served with; what is served with stays. Said once for each reason.
    case unusable(String)
    /// The API server is out of touch; what is known stays.
    case stale(String)

    /// Whether somebody has to look after it.
    public var isProblem: Bool {
        switch self {
        case .serving, .written: false
        case .failed, .unusable, .stale: true
        }
    }

    public var description: String {
        switch self {
        case .serving(let serving): "serving with the certificate \(serving.certificate.fingerprint.hex)"
        case .written(_, let summary): summary
        case .failed(_, let reason): "the Secret of the certificates cannot be written: \(reason)"
        case .unusable(let reason): "the Secret of the certificates cannot be used: \(reason)"
        case .stale(let reason): "the Secret of the certificates cannot be watched: \(reason)"
        }
    }
}
