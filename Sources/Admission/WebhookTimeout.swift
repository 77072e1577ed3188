/// How long a call may take, from the `timeout` query parameter that the API server sends.
///
/// Source: Kubernetes webhooks ("timeout" is a Go duration, `10s`), 1 to 30 seconds.
enum WebhookTimeout {
    /// What the API server allows when nothing is said (admissionregistration v1 default).
    static let standard = Duration.seconds(10)
    /// What the API server allows at the most.
    static let maximum = Duration.seconds(30)

    /// The time in which to answer: what the query says, less a margin for the way back, so that a slow check becomes
    /// an answer with a reason instead of a failed call without one.
    static func allowance(query: String?) -> Duration {
        let timeout = min(value(of: "timeout", in: query ?? "").flatMap(goDuration) ?? standard, maximum)
        let margin = min(.milliseconds(500), timeout / 10)
        return timeout - margin
    }

    private static func value(of name: String, in query: String) -> Substring? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return parts[1] }
        }
        return nil
    }

    /// A positive Go duration such as `10s`, `1m30s`, `2.5s` or `500ms`, at most an hour; nil when it is not one.
    static func goDuration(_ text: Substring) -> Duration? {
        var rest = text.utf8[...]
        var total = 0.0
        guard !rest.isEmpty, rest.count <= 32 else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E }
            guard !digits.isEmpty, let number = Double(Substring(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = Substring(rest.prefix { ($0 < 0x30 || $0 > 0x39) && $0 != 0x2E })
            rest = rest.dropFirst(unit.utf8.count)
            switch unit {
            case "ns": total += number * 1e-9
            case "us", "µs": total += number * 1e-6
            case "ms": total += number * 1e-3
            case "s": total += number
            case "m": total += number * 60
            case "h": total += number * 3600
            default: return nil
            }
        }
        guard total > 0, total <= 3600 else { return nil }
        return .milliseconds(Int64((total * 1000).rounded(.up)))
    }
}
