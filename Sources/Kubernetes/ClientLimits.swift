/// What the client allows the API server, and itself.
public enum ClientLimits {
    /// One object: etcd takes 1.5 MiB and the API server 3 MiB.
    public static let maximumObjectBytes = 8 << 20
    /// One page of a list. Where it is larger, fewer objects are asked for at a time.
    public static let maximumPageBytes = 64 << 20
    /// What a failure may have to say.
    static let maximumStatusBytes = 64 << 10
    /// How much of what a failure says is handed on: a sentence or two, for a log line.
    static let maximumMessageLength = 1_000
    /// How much of a watch may wait for whoever follows it: a few thousand pods.
    static let maximumWaitingBytes = 16 << 20
    /// As deep as the API server itself reads JSON, and the list around it.
    static let maximumListDepth = 10_010

    /// For one object, which comes from the API server's memory or straight from etcd: one that is silent for longer is
    /// worth another connection.
    static let getTimeout = Duration.seconds(10)
    /// For other requests that are no watch: the API server gives its own 60 s at most, webhooks 30 s of it.
    static let requestTimeout = Duration.seconds(35)
    /// Until a watch is answered. The answer comes before the first event, so that it is quick unless the API server is
    /// in trouble.
    static let watchOpening = Duration.seconds(15)
    /// How long the API server is asked to keep a watch open; it adds no variation of its own to what it is asked for.
    static let watchSeconds = 250...290
    /// A watch that is silent for so long is asked for again, which shows whether the connection lives: the bookmarks of
    /// one that does come once a minute, unless nothing ever happens to the type.
    static let watchSilence = Duration.seconds(120)

    /// How often a request is made again that the API server was too busy for.
    static let maximumRetries = 3
    /// The longest of its `Retry-After` that is waited for.
    static let maximumRetryDelay = Duration.seconds(5)
}
