import CCurl
import Glibc

/// Turns libcurl's codes into sentences for somebody who knows the registry's name and not libcurl.
struct FailureReader {
    private let code: CURLcode
    private let order: Order
    private let message: String
    /// The message, or the code's general meaning where there is none.
    private let words: String
    private let systemError: Int32
    /// Whether the answer's header had come when it failed.
    private let hasHead: Bool
    /// Whether a proxy answered, and would not connect us.
    private let isRefusedByProxy: Bool

    init(transfer: Transfer, code: CURLcode, hasHead: Bool) {
        self.code = code
        order = transfer.order
        // Where libcurl cannot use a proxy, it repeats its URL, and that may hold a password.
        let message = transfer.easy.errorMessage
        self.message = message.hasPrefix("Unsupported proxy") ? "the URL of the proxy cannot be used" : message
        words = message.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : message
        systemError = Int32(truncatingIfNeeded: transfer.easy.integer(CURLINFO_OS_ERRNO) ?? 0)
        self.hasHead = hasHead
        isRefusedByProxy = (transfer.easy.integer(CURLINFO_HTTP_CONNECTCODE) ?? 0) >= 300
    }

    private var place: String { "\(order.origin.host):\(order.origin.port)" }

    var failure: HTTPClient.Failure {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: .unreachable("no address was found for \(order.origin.host)")
        case CURLE_COULDNT_RESOLVE_PROXY: .unreachable("no address was found for the proxy")
        case CURLE_COULDNT_CONNECT: .unreachable("cannot connect to \(place): \(connectReason)")
        // The request's own deadline is the loop's business, so this is the time to connect.
        case CURLE_OPERATION_TIMEDOUT: .unreachable("\(place) did not accept a connection in time")
        case CURLE_GOT_NOTHING: .disconnected("\(place) closed the connection without an answer")
        case CURLE_PARTIAL_FILE: .truncated
        case CURLE_RECV_ERROR where isRefusedByProxy:
            .unreachable("the proxy does not connect to \(place)\(detail)")
        case CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            hasHead ? .truncated : .disconnected("the connection to \(place) broke\(detail)")
        case CURLE_SEND_ERROR: .disconnected("the connection to \(place) broke\(detail)")
        case CURLE_SSL_CONNECT_ERROR: .tls(handshakeReason)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: .tls(certificateReason)
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CLIENTCERT, CURLE_SSL_CACERT_BADFILE:
            .tls(words)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_LOGIN_DENIED:
            .malformed("\"\(order.url)\" is not a URL that can be asked")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            .malformed("\(place) does not speak HTTP\(detail)")
        default:
            .unreachable("the request to \(place) failed: \(words)")
        }
    }

    private var detail: String { message.isEmpty ? "" : ": \(message)" }

    private var connectReason: String {
        switch systemError {
        case ECONNREFUSED: "connection refused"
        case ENETUNREACH: "network unreachable"
        case EHOSTUNREACH: "host unreachable"
        case ETIMEDOUT: "no answer"
        case EACCES, EPERM: "not permitted"
        default: message.isEmpty ? "connection failed" : message
        }
    }

    private var handshakeReason: String {
        message.contains("wrong version number") ? "\(place) does not speak TLS" : "\(place): \(message)"
    }

    private var certificateReason: String {
        let prefix = "SSL certificate problem: "
        let reason = message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
        return "the certificate of \(place) is not trusted: \(reason)"
    }
}
