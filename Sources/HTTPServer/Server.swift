import Glibc
import OpenSSL
import Synchronization

/// An HTTP/1.1 server, over TLS or plain, on event loops of its own.
///
/// Each loop is a thread that owns its connections; nothing else touches them. See ``Service`` for what it calls, and
/// ``Server/Configuration`` and ``Deadlines`` for its bounds.
///
/// OpenSSL writes to sockets with `write(2)`, which raises SIGPIPE when the client has gone, so making a server sets
/// SIGPIPE to be ignored in the whole process. Child processes that want it must set it back.
public final class Server: Sendable {
    private let core: ServerCore
    private let listener: Mutex<Listener?>
    /// The port it listens on.
    public let port: Int

    /// Binds and listens, and makes the loops' threads. Clients can connect from here on; they are served once it is
    /// started.
    public init(_ configuration: Configuration, service: any Service) throws(ServerError) {
        signal(SIGPIPE, SIG_IGN)
        let listening = try Listener(host: configuration.host, port: configuration.port)
        port = listening.port
        let count = configuration.loops > 0 ? configuration.loops : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var posts: [LoopPost] = []
        for _ in 0..<count { posts.append(try LoopPost()) }
        // Not watched for anything until the server is started.
        try posts[0].poller.add(listening.descriptor, [], datum: EventLoop.listenerDatum)
        core = ServerCore(configuration, service: service, posts: posts)
        listener = Mutex(listening)
        for index in posts.indices {
            try LoopThread.start(name: "http-\(index)") { [core] in
                EventLoop(core, index: index).run()
                core.loopEnded()
            }
        }
    }

    deinit {
        stop()
    }

    /// Begins to accept. Further calls do nothing.
    public func start() {
        guard let listener = listener.withLock({ $0.take() }) else { return }
        core.posts[0].mailbox.post(.listen(listener))
    }

    /// What the server has done so far.
    public var statistics: ServerStatistics { core.counters.statistics }

    /// Encrypts new connections with `context` from now on; those that are open go on with what they began with.
    public func replaceTLS(_ context: TLSContext) {
        core.tls.withLock { $0 = context }
    }

    /// Ends in good order, and returns when all is over: at most ``Deadlines/drain`` later.
    ///
    /// For ``Deadlines/drainAccepts`` connections are still accepted and all requests answered, with
    /// `Connection: close`; then the listener and idle connections are closed, and requests in flight finish.
    public func drain() async {
        let now = ContinuousClock.now
        let deadlines = core.configuration.deadlines
        let drain = Letter.Drain(
            acceptUntil: now + min(deadlines.drainAccepts, deadlines.drain),
            closeBy: now + deadlines.drain
        )
        for post in core.posts { post.mailbox.post(.drain(drain)) }
        await core.ended()
    }

    /// Cuts all connections and ends the loops, without waiting for them.
    public func stop() {
        for post in core.posts { post.mailbox.post(.stop) }
    }
}
