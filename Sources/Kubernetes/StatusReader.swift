import HTTPClient
import JSON

extension APIFailure {
    /// What an answer says that is no success.
    ///
    /// Source: Kubernetes API conventions, "Response Status Kind". Proxies answer with anything.
    init(status: Int, body: [UInt8]) {
        let value = try? Document(body, limits: ParseLimits(maximumBytes: ClientLimits.maximumStatusBytes)).root
        guard let value, value["kind"]?.equals("Status") == true else {
            self = .status(status, reason: "", message: "")
            return
        }
        self.init(status: value, code: status)
    }

    /// - Parameter code: for a Status object that names none.
    init(status value: Value, code: Int) {
        self = .status(
            value["code"]?.integer ?? code,
            reason: Self.line(value["reason"]?.string ?? ""), message: Self.line(value["message"]?.string ?? ""))
    }

    /// One line of bounded length, for logs and terminals.
    private static func line(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(ClientLimits.maximumMessageLength) {
            scalars.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(scalars)
    }

    init(_ failure: HTTPClient.Failure) {
        self =
            switch failure {
            case .cancelled, .closed: .cancelled
            case .timedOut: .unreachable("no answer in time")
            case .readerTooSlow: .unreachable("a watch was read too slowly")
            case .truncated: .unreachable("the connection ended before the answer was complete")
            case .unreachable, .disconnected, .tls, .configuration: .unreachable(failure.description)
            case .tooLarge, .headerTooLarge, .malformed: .malformed(failure.description)
            case .tooManyRedirects, .redirectRefused: .malformed("it redirects")
            }
    }
}
