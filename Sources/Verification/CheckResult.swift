import OCI

/// What became of one image under one requirement.
public struct CheckResult: Sendable {
    public let outcome: Result<PinnableImage, VerificationFailure>
    /// What the reference stood for, when that was found out. For messages and logs: it proves nothing.
    public let digest: Digest?
    public let fromCache: Bool
    /// How long the caller waited.
    public let duration: Duration

    public init(
        outcome: Result<PinnableImage, VerificationFailure>, digest: Digest?, fromCache: Bool, duration: Duration
    ) {
        self.outcome = outcome
        self.digest = digest
        self.fromCache = fromCache
        self.duration = duration
    }
}
