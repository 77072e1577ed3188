import Policy

/// Which of the webhooks a path is: what it does, and for which policies.
///
/// The API server has one `failurePolicy` for a whole webhook, so the policies of either kind are registered under a
/// path of their own.
public struct ReviewRoute: Sendable, Hashable {
    public let phase: Phase
    /// Nil for all policies.
    public let failurePolicy: FailurePolicy?

    public init(phase: Phase, failurePolicy: FailurePolicy?) {
        self.phase = phase
        self.failurePolicy = failurePolicy
    }

    /// - Returns: nil for what is not the path of a review.
    public init?(path: String) {
        let rest: Substring
        if path == "/mutate" || path.hasPrefix("/mutate/") {
            (phase, rest) = (.mutate, path.dropFirst("/mutate".utf8.count))
        } else if path == "/validate" || path.hasPrefix("/validate/") {
            (phase, rest) = (.validate, path.dropFirst("/validate".utf8.count))
        } else {
            return nil
        }
        switch rest {
        case "/fail": failurePolicy = .fail
        case "/ignore": failurePolicy = .ignore
        default: failurePolicy = nil
        }
    }

    /// Where the API server sends such reviews, as `/mutate/fail`.
    public var path: String {
        let base = phase == .mutate ? "/mutate" : "/validate"
        return failurePolicy.map { base + ($0 == .fail ? "/fail" : "/ignore") } ?? base
    }

    func policies(of snapshot: PolicySnapshot) -> PolicySnapshot {
        failurePolicy.map(snapshot.part) ?? snapshot
    }
}
