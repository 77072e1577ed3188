import HTTPClient
import OCI

/// Why a registry did not give what it was asked for.
///
/// The texts name hosts and what was asked for; they never hold credentials, tokens, query strings or words that a
/// registry chose, other than its error codes.
public enum RegistryFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The registry has no such thing (404). `code` is its error code, such as `MANIFEST_UNKNOWN`.
    case notFound(what: String, code: String?)
    /// The registry does not let us read it (401 or 403 with the credentials we have).
    case denied(what: String, code: String?)
    /// No connection, or it broke.
    case unreachable(host: String, reason: String)
    /// The deadline passed.
    case timedOut(host: String)
    /// Who asked does not wait any more.
    case cancelled
    /// Over a bound of ours, with the name of the setting that moves it.
    case tooLarge(what: String, limit: Int, setting: String?)
    /// The bytes are not those that the digest names.
    case digestMismatch(what: String, expected: Digest, computed: Digest)
    /// What came is not what the specifications say.
    case malformed(what: String, reason: String)
    /// Well formed, but of a kind that is not read.
    case unsupported(what: String, reason: String)
    /// The registry asks us to slow down (429), and did so again.
    case rateLimited(host: String, code: String?)
    /// The registry failed (5xx), and did so again.
    case serverError(host: String, status: Int, code: String?)
    /// Another status than the protocol has for this request.
    case refused(what: String, status: Int, code: String?)
    /// Credentials could not be had or must not be sent.
    case credentials(host: String, reason: String)

    /// Whether the registry answered that there is no such thing.
    public var isMissing: Bool {
        if case .notFound = self { true } else { false }
    }

    public var description: String {
        switch self {
        case .notFound(let what, let code): "\(what) was not found\(Self.suffix(code))"
        case .denied(let what, let code): "the registry denies access to \(what)\(Self.suffix(code))"
        case .unreachable(let host, let reason): "registry \(host) is unreachable: \(reason)"
        case .timedOut(let host): "registry \(host) did not answer in time"
        case .cancelled: "the request to the registry was cancelled"
        case .tooLarge(let what, let limit, let setting):
            "\(what) is over the limit of \(limit)" + (setting.map { " (\($0))" } ?? "")
        case .digestMismatch(let what, let expected, let computed):
            "\(what) is not what its digest says: expected \(expected), its bytes hash to \(computed)"
        case .malformed(let what, let reason): "\(what): \(reason)"
        case .unsupported(let what, let reason): "\(what): \(reason)"
        case .rateLimited(let host, let code): "registry \(host) limits our rate of requests\(Self.suffix(code))"
        case .serverError(let host, let status, let code):
            "registry \(host) failed with status \(status)\(Self.suffix(code))"
        case .refused(let what, let status, let code):
            "the registry answered status \(status) for \(what)\(Self.suffix(code))"
        case .credentials(let host, let reason): "credentials for registry \(host): \(reason)"
        }
    }

    private static func suffix(_ code: String?) -> String { code.map { " (\($0))" } ?? "" }

    /// What a failed exchange with `host` about `what` means.
    init(_ failure: HTTPClient.Failure, host: String, what: String, limit: RegistryLimits.Bound?) {
        self =
            switch failure {
            case .timedOut: .timedOut(host: host)
            case .cancelled: .cancelled
            case .tooLarge(let bytes): .tooLarge(what: what, limit: limit?.value ?? bytes, setting: limit?.setting)
            case .truncated: .unreachable(host: host, reason: "the connection ended before the answer was complete")
            case .tooManyRedirects:
                .unreachable(host: host, reason: "it redirects more than \(RegistryLimits.redirects) times")
            // The text may hold a signed URL of a storage service, which is a credential.
            case .redirectRefused:
                .unreachable(host: host, reason: "it redirects from https to http, or to no URL of either")
            case .malformed: .malformed(what: what, reason: "the answer is not HTTP that can be read")
            case .headerTooLarge(let bytes): .tooLarge(what: "the header of \(what)", limit: bytes, setting: nil)
            case .unreachable(let reason), .disconnected(let reason): .unreachable(host: host, reason: reason)
            case .tls, .closed, .configuration, .readerTooSlow:
                .unreachable(host: host, reason: failure.description)
            }
    }

    init(_ error: ManifestError, what: String) {
        self =
            switch error {
            case .malformed(let reason): .malformed(what: what, reason: "malformed manifest: \(reason)")
            case .unsupported(let reason): .unsupported(what: what, reason: "unsupported manifest: \(reason)")
            case .tooMany(let things, let limit):
                .tooLarge(what: "the number of \(things) in \(what)", limit: limit, setting: nil)
            }
    }
}
