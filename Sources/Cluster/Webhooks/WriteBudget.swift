/// How often something may be written: freely at first, and then slowly, so that two who disagree about an object do
/// not keep an API server busy.
struct WriteBudget: Sendable {
    /// More than a person's hands do in a row, or a policy folder that is applied at once.
    static let burst = 20
    /// After that: an edit is still undone within two seconds.
    static let interval = Duration.seconds(1)

    private var spent = 0
    private var since: ContinuousClock.Instant?

    /// Takes one write out of the budget.
    ///
    /// - Returns: how long to wait where there is none; nil for leave to write.
    mutating func spend(at now: ContinuousClock.Instant) -> Duration? {
        if let since {
            let back = Int((now - since) / Self.interval)
            if back > 0 {
                spent = max(0, spent - back)
                self.since = since + Self.interval * back
            }
        } else {
            since = now
        }
        guard spent < Self.burst else { return (since ?? now) + Self.interval - now }
        spent += 1
        return nil
    }
}
