import Policy

/// Which of the webhooks a path is.
///
/// The API server has one `failurePolicy` for a whole webhook, so the policies of either kind are registered under a
/// path of their own. What is answered is the same below both: every policy is asked. Whoever asked those of one
/// failure policy alone would ask nobody about a policy that has just changed its own, until the webhook configurations
/// have been rewritten.
public struct ReviewRoute: Sendable, Hashable {
    public let phase: Phase

    public init(_ phase: Phase) { self.phase = phase }

    /// - Returns: nil for what is not the path of a review.
    public init?(path: String) {
        if path == "/mutate" || path.hasPrefix("/mutate/") {
            phase = .mutate
        } else if path == "/validate" || path.hasPrefix("/validate/") {
            phase = .validate
        } else {
            return nil
        }
    }

    /// Where the API server sends the reviews of a webhook, as `/mutate/fail`.
    public func path(for failurePolicy: FailurePolicy) -> String {
        let base = phase == .mutate ? "/mutate" : "/validate"
        return base + (failurePolicy == .fail ? "/fail" : "/ignore")
    }
}
