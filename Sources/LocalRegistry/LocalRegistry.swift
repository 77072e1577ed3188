import HTTPServer
import OCI
import OpenSSL
import Synchronization

/// An OCI registry in memory, on 127.0.0.1: for the demo, the tests and the benchmarks.
///
/// It serves what real registries serve (pull, push, referrers, tags, tokens), and does wrong whatever ``Behaviour``
/// asks for. It has a thread for each connection, so that one may stall as long as it likes.
public final class LocalRegistry: Sendable {
    /// What the connections' threads share with this object, without holding it.
    private final class Shared: Sendable {
        let state: Mutex<RegistryState>

        init(_ behaviour: Behaviour) { state = Mutex(RegistryState(behaviour: behaviour)) }
    }

    private let shared: Shared
    private let server: BlockingServer

    public let port: Int
    /// `127.0.0.1:PORT`, as references name it.
    public let host: String
    /// `http://127.0.0.1:PORT`, or https.
    public let origin: String

    /// Listens, and serves until ``stop()`` or until nobody holds it any more.
    ///
    /// - Parameters:
    ///   - port: 0 lets the system choose.
    ///   - tls: nil for plain HTTP.
    public init(
        port: Int = 0, tls: TLSContext? = nil, behaviour: Behaviour = Behaviour()
    ) throws(SocketFailure) {
        let shared = Shared(behaviour)
        server = try BlockingServer(port: port, tls: tls) { socket in
            RegistryConnection(socket: socket) { request in shared.state.withLock { $0.answer(request) } }.run()
        }
        self.shared = shared
        self.port = server.port
        host = "127.0.0.1:\(server.port)"
        let origin = "\(tls == nil ? "http" : "https")://\(host)"
        self.origin = origin
        shared.state.withLock { $0.origin = origin }
        try server.start()
    }

    deinit { server.stop() }

    /// Ends all connections and takes no more.
    public func stop() { server.stop() }

    // MARK: Behaviour

    public var behaviour: Behaviour {
        get { shared.state.withLock { $0.behaviour } }
        set { shared.state.withLock { $0.behaviour = newValue } }
    }

    /// Ends every token that was given out, as time would.
    public func expireTokens() { shared.state.withLock { $0.tokens.expireAll() } }

    // MARK: What came in

    /// How many requests of a kind came in since the last ``resetCounts()``.
    public func count(_ kind: RequestKind) -> Int { shared.state.withLock { $0.counts[kind] ?? 0 } }

    public var counts: [RequestKind: Int] { shared.state.withLock { $0.counts } }

    /// The last requests, oldest first: 1,000 at least.
    public var seenRequests: [SeenRequest] { shared.state.withLock { $0.seen } }

    public var openConnections: Int { server.openConnections }

    public func resetCounts() {
        shared.state.withLock { state in
            state.counts = [:]
            state.seen = []
        }
    }

    // MARK: Content

    @discardableResult
    public func put(blob: [UInt8], in repository: String) -> Digest {
        shared.state.withLock { $0.storage.put(blob: blob, in: repository) }
    }

    /// Keeps a manifest as it is, well formed or not, and lists it with its subject's referrers.
    @discardableResult
    public func put(
        manifest: [UInt8], mediaType: String = MediaType.ociManifest, in repository: String, tag: String? = nil
    ) -> Descriptor {
        let manifest = StoredManifest(bytes: manifest, mediaType: mediaType)
        shared.state.withLock { $0.storage.put(manifest, in: repository, tag: tag) }
        return manifest.descriptor
    }

    /// A manifest by tag or digest.
    public func manifest(_ reference: String, in repository: String) -> StoredManifest? {
        shared.state.withLock { $0.storage.manifest(reference, in: repository) }
    }

    public func blob(_ digest: Digest, in repository: String) -> [UInt8]? {
        shared.state.withLock { $0.storage.blob(digest, in: repository) }
    }

    /// What refers to an image, in the order in which it came, whether the API is served or not.
    public func referrers(of digest: Digest, in repository: String) -> [Descriptor] {
        shared.state.withLock { $0.storage.referrers(of: digest, in: repository) }
    }

    /// Removes a tag, or a manifest by its digest; false when there is none.
    @discardableResult
    public func remove(_ reference: String, in repository: String) -> Bool {
        shared.state.withLock { $0.storage.remove(reference, in: repository) }
    }
}
