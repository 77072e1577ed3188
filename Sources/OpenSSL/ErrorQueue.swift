import COpenSSL

/// OpenSSL's error queue, of which each thread has one.
///
/// A stale entry makes a later, unrelated call look failed, so: clear before each call, drain after a failed one, both in
/// the same function.
public enum ErrorQueue {
    /// How many reasons are rendered. The first is the cause; what follows are callers that pass it on.
    private static let renderedReasons = 3

    public static func clear() {
        ERR_clear_error()
    }

    /// Empties this thread's queue.
    ///
    /// - Returns: The distinct reasons, the cause first, separated by commas.
    public static func drain() -> String {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            guard let text = unsafe ERR_reason_error_string(code) else { continue }
            let reason = unsafe String(cString: text)
            if reasons.count < renderedReasons, !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons.isEmpty ? "OpenSSL gives no reason" : reasons.joined(separator: ", ")
    }
}
