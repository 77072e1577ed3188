/// What happens when an image fails.
///
/// Source: spec/verify-images.md, "What happens to an image".
public enum FailureAction: Sendable, Hashable {
    /// The request is allowed, and the finding reported.
    case audit
    /// The request is denied.
    case enforce

    /// Reads the spellings in use: `Audit` and `Enforce`, and the older ones in small letters.
    init?(parsing text: String) {
        switch text {
        case "Audit", "audit": self = .audit
        case "Enforce", "enforce": self = .enforce
        default: return nil
        }
    }
}

/// What happens when it cannot be found out whether an image is good.
public enum FailurePolicy: String, Sendable, Hashable, CaseIterable {
    case fail = "Fail"
    case ignore = "Ignore"
}

/// Whether all rules of a policy apply to a request, or only the first that passes or fails.
public enum ApplyRules: String, Sendable, Hashable, CaseIterable {
    case all = "All"
    case one = "One"
}
