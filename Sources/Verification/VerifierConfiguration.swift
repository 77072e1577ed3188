extension ImageVerifier {
    /// How long is remembered and waited, and how much is held.
    public struct Configuration: Sendable {
        /// How long an image that met its requirement is believed to; 0 turns the memory of verdicts and tags off.
        ///
        /// A verdict is about a digest, so what can change under it is only the signature's being taken away.
        public var positiveTTL: Duration
        /// How long an image that did not is believed not to: short, since somebody may be signing it just now.
        ///
        /// What was not decided (``VerificationFailure/isError``) is never remembered, so that a retry asks again.
        public var negativeTTL: Duration
        /// The most verdicts that are remembered; 0 turns the memory off. Each takes some 500 bytes.
        public var size: Int
        /// The most memory that the statements of attested images take, in bytes: conditions are asked of them anew at
        /// each admission. Larger by what one request or another holds at the time.
        public var statementBytes: Int
        /// What an image's statements take at most to be remembered, in bytes: an SBOM of more is read again each time,
        /// and leaves the memory to the many that are small.
        public var maximumStatementBytes: Int
        /// How long a tag is believed to stand for the digest it did, where that digest is pinned into the object. As
        /// long as the mutating and the validating call for one object, and a rollout's pods after one another, take.
        public var tagTTL: Duration
        /// The most tags that are remembered.
        public var tags: Int
        /// How long resolving, and how long verifying, goes on after every caller has left: longer than the API
        /// server's longest timeout (30 s), so that its retry finds the verdict.
        public var checkLimit: Duration
        /// The most checks under way at once. Each may hold some megabytes of what it reads.
        public var maximumFlights: Int

        public init(
            positiveTTL: Duration = .seconds(60 * 60), negativeTTL: Duration = .seconds(10), size: Int = 10_000,
            statementBytes: Int = 64 << 20, maximumStatementBytes: Int = 4 << 20,
            tagTTL: Duration = .seconds(10), tags: Int = 10_000, checkLimit: Duration = .seconds(60),
            maximumFlights: Int = 1024
        ) {
            self.positiveTTL = positiveTTL
            self.negativeTTL = negativeTTL
            self.size = size
            self.statementBytes = statementBytes
            self.maximumStatementBytes = maximumStatementBytes
            self.tagTTL = tagTTL
            self.tags = tags
            self.checkLimit = checkLimit
            self.maximumFlights = maximumFlights
        }

        /// Who turns the memory of verdicts off wants every review to ask the registry, for tags too.
        var remembersTags: Bool { positiveTTL > .zero && tagTTL > .zero }
    }

    /// What a dashboard wants to know of the memory.
    public struct Statistics: Sendable, Equatable {
        /// Checks that were answered from memory, and those that were not.
        public var hits: Int
        public var misses: Int
        /// Verdicts held, expired ones included.
        public var entries: Int
        /// Resolutions and verifications under way.
        public var flights: Int
    }
}
