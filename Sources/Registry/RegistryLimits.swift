/// How much a registry may make us read, ask and wait for. Each bound has the name of the setting that moves it, which
/// stands in the error.
///
/// Source: spec/registry.md, "Bounds".
public struct RegistryLimits: Sendable {
    /// A bound and the operator's name for it.
    public struct Bound: Sendable, Hashable {
        public var value: Int
        public let setting: String

        public init(_ value: Int, setting: String) {
            self.value = value
            self.setting = setting
        }
    }

    /// Bytes of a manifest or index. Registries themselves refuse larger ones.
    public var manifestBytes = Bound(4 << 20, setting: "--max-manifest-bytes")
    /// Bytes of what a cosign 2 signature signs: a few hundred in practice.
    public var payloadBytes = Bound(64 << 10, setting: "--max-payload-bytes")
    /// Bytes of a bundle or an envelope; an SBOM inside one can be large.
    public var bundleBytes = Bound(16 << 20, setting: "--max-bundle-bytes")
    /// Pages of one list of referrers. A registry could page without end.
    public var referrerPages = Bound(5, setting: "--max-referrer-pages")
    /// Requests to one host at a time: enough for a pod's images side by side, too few to get us rate-limited.
    public var requestsPerHost = Bound(16, setting: "--max-requests-per-host")

    public init() {}

    /// Repetitions of a request after 429 or 5xx. A third one seldom helps within an admission's few seconds.
    static let retries = 2
    /// The wait before the first repetition, doubled for the next, each taken times 0.5 to 1.5.
    static let backoff = Duration.milliseconds(200)
    /// Bytes of an answer that says no, of a token answer, and of a credential helper's output.
    static let maximumSmallAnswer = 64 << 10
    /// Tokens of the large cloud registries are 2 to 5 KiB; servers refuse header lines much longer than this.
    static let maximumTokenBytes = 16 << 10
    /// How long one request may take, however long its check may: everybody who wants the same image waits for it, and
    /// after a stall a fresh request is the better bet. The largest bundle takes 13 s at 10 Mbit/s.
    static let requestTimeout = Duration.seconds(20)
    /// A token is fetched for all who wait for it, so its time is nobody's deadline.
    static let tokenTimeout = Duration.seconds(10)
    /// How long a token lives that does not say so (Docker token specification).
    static let defaultTokenLifetime = 60
    /// A token is not used in its last seconds: it must outlive the request, and clocks differ.
    static let tokenMargin = Duration.seconds(10)
    /// The longest that an unexpiring answer of a token server is believed, so that arithmetic cannot overflow.
    static let maximumTokenLifetime = 24 * 3_600
    /// Remembered tokens, schemes and helper answers, each: names of registries and repositories come from requests.
    static let maximumRemembered = 1_000
    /// Bytes of remembered tokens and of the credentials that bought them, both of which others choose: as many as fit
    /// the number above at the usual few KiB each.
    static let rememberedTokenBytes = 8 << 20
    /// A credential helper may call its cloud; it does not read from a terminal.
    static let helperTimeout = Duration.seconds(10)
    /// Helpers hand out credentials of hours; asking again every few minutes keeps a rotated password from lingering.
    static let helperMemory = Duration.seconds(300)
    /// Credentials of one keychain that are tried on one registry: each may cost two requests, and a Pod's author says
    /// how many there are.
    static let maximumCredentials = 4
    /// Redirects of one request.
    static let redirects = 5
}
