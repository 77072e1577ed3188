import Policy

/// Whoever wants to hear of decisions.
public protocol DecisionObserver: Sendable {
    /// Told once a decision is made, but never of a dry run: what is told leads to effects besides the answer.
    ///
    /// Called on the thread that decided, which may be an event loop: it has to be quick, and must not wait.
    ///
    /// - Parameter policies: Those that were asked.
    func observe(_ request: AdmissionRequest, _ outcome: Outcome, policies: PolicySnapshot)
}

extension Verdict {
    /// Whether somebody besides the sender has to hear of it.
    public var isNoteworthy: Bool { findings.contains(where: \.isNoteworthy) }
}

extension Verdict.Finding {
    /// A failure, an error, or what passed for the sake of an exception alone.
    public var isNoteworthy: Bool { exception != nil || result.message != nil }
}
