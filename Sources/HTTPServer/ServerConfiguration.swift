import OpenSSL

extension Server {
    /// What a server is told when it is made.
    public struct Configuration: Sendable {
        /// A name, or an address without brackets; empty for all addresses of the machine.
        public var host: String
        /// 0 for any that is free; ``Server/port`` tells which.
        public var port: Int
        /// Nil for plain HTTP.
        public var tls: TLSContext?
        /// Event loops, a thread each; 0 for one a core.
        public var loops = 0
        public var limits = RequestLimits.standard
        public var deadlines = Deadlines()

        /// Connections open at once; further ones are closed as soon as they are accepted. An idle one costs about
        /// 40 KB, so this is 160 MB at the worst; an API server opens a few, a mesh of health checks some more.
        public var maximumConnections = 4096
        /// Bytes of bodies held for all connections together, beyond what small requests need. Without a bound,
        /// 4,096 clients could each have 8 MiB kept for them. Eight of the largest fit, or a thousand of 64 KB; with what
        /// parsing makes of them, and the worst of connections beside them, that stays below the 512 MiB that deploy/
        /// gives a pod.
        public var maximumBodyMemory = 64 * 1024 * 1024
        /// Bytes of a body that are handled on the loop; a larger one goes to a background task, because parsing it
        /// would hold up the loop's other connections (about 0.6 ms at 400 MB/s).
        public var largestBodyOnLoop = 256 * 1024
        /// Bytes from which on a response is packed for clients that take gzip. Smaller ones fit few packets anyway,
        /// and packing costs more than sending them (90 µs for 1.2 KB).
        public var smallestPackedBody = 16 * 1024

        public init(host: String = "127.0.0.1", port: Int = 0, tls: TLSContext? = nil) {
            self.host = host
            self.port = port
            self.tls = tls
        }
    }

    /// How long a connection may take for what. Every state of a connection has one.
    public struct Deadlines: Sendable {
        /// The TLS handshake: several round trips and a signature; a busy client on a bad line manages in 10 s.
        public var handshake = Duration.seconds(10)
        /// A request's head, from its first byte to its last, however it dribbles.
        public var head = Duration.seconds(10)
        /// A request's body, from the head's end to its own.
        public var body = Duration.seconds(30)
        /// A service's answer. An API server waits 30 s at most, and then has gone.
        public var answer = Duration.seconds(60)
        /// A response that the client does not take, since it took some of it last.
        public var write = Duration.seconds(10)
        /// Between requests. Longer than the 90 s after which Go's clients close: the side that closes first must
        /// not be ours, or a request could race with it.
        public var idle = Duration.seconds(180)
        /// After the last response, until the client has closed too. Closing at once, with bytes unread, would make
        /// the kernel send a reset, which can destroy the response on its way.
        public var linger = Duration.seconds(2)
        /// How long a draining server goes on accepting: endpoints and load balancers learn late that it leaves.
        public var drainAccepts = Duration.seconds(3)
        /// How long draining may take in all; what is not done then is cut. A little less than the 10 s within which
        /// the process is to end, and more than what a review with the API server's 10 s gives itself.
        public var drain = Duration.milliseconds(9750)
        /// How long nothing is accepted after the process ran out of descriptors.
        public var acceptPause = Duration.milliseconds(100)

        public init() {}

        /// How often deadlines are looked at: a quarter of the shortest, within 10 ms and 1 s.
        var sweep: Duration {
            let shortest = min(handshake, head, body, answer, write, idle, linger, drainAccepts, drain)
            return max(.milliseconds(10), min(.seconds(1), shortest / 4))
        }
    }
}
