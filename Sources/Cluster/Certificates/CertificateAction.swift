import OpenSSL

/// Why something is done about the certificates.
public enum CertificateReason: Sendable, Hashable, CustomStringConvertible {
    case first
    case requested
    case deleted
    case damaged(String)
    case due
    case expired
    case early
    case names
    case keyLost
    case stranger

    public var description: String {
        switch self {
        case .first: "there is none yet"
        case .requested: "a rotation was asked for"
        case .deleted: "the Secret was deleted, which asks for a rotation"
        case .damaged(let reason): "the Secret cannot be used: \(reason)"
        case .due: "most of its time has passed"
        case .expired: "it has expired"
        case .early: "it is not valid yet by the clock of the leader"
        case .names: "it does not carry the names that we are called by"
        case .keyLost: "the Secret has no usable key of the authority"
        case .stranger: "the Secret was replaced by one that no API server trusts yet"
        }
    }
}

/// What is done to the Secret, each in one write: whoever dies before or after it leaves a Secret from which any other
/// replica goes on.
enum CertificateAction: Sendable, Equatable {
    case wait
    /// A new authority and a pair under it at once, since nothing works; `keeping` is trusted besides.
    case begin(keeping: [Certificate], CertificateReason)
    /// What this replica serves with is written again.
    case restore(CertificateBook, CertificateReason)
    /// A new pair under the same authority. The rest of the book stays.
    case reissue(Authority, next: Authority?, retired: [Certificate], CertificateReason)
    /// An authority to be trusted besides the one there is; a new one, unless it is given.
    case announce(CertificateBook, next: Authority?, CertificateReason)
    /// The next authority takes over, with a pair under it.
    case promote(CertificateBook, Authority)
    /// Authorities that nobody serves under any more are dropped.
    case retire(CertificateBook, [Certificate])

    /// What is done and why, in the words of a log line; nil for nothing.
    var summary: String? {
        switch self {
        case .wait: nil
        case .begin(_, let reason): "a new authority and serving certificate: \(reason)"
        case .restore(_, let reason): "the certificates in use are written again: \(reason)"
        case .reissue(_, _, _, let reason): "a new serving certificate: \(reason)"
        case .announce(_, _, let reason): "an authority to be trusted besides the one in use: \(reason)"
        case .promote: "the next authority takes over; every webhook configuration carries it"
        case .retire(_, let certificates): "authorities dropped that nobody serves under: \(certificates.count)"
        }
    }

    /// As a metric's label.
    var word: String {
        switch self {
        case .wait: "wait"
        case .begin: "begin"
        case .restore: "restore"
        case .reissue: "reissue"
        case .announce: "announce"
        case .promote: "promote"
        case .retire: "retire"
        }
    }

    /// Whether a request for a rotation is met by it.
    var endsRequest: Bool {
        switch self {
        case .begin, .announce: true
        case .wait, .restore, .reissue, .promote, .retire: false
        }
    }
}
