import Glibc
import OpenSSL
import Synchronization

/// Accepts connections on 127.0.0.1 and gives each a thread of its own. Small rather than fast, and able to misbehave as
/// slowly as a test wants: a handler may stall without anybody else noticing.
public final class BlockingServer: Sendable {
    /// Threads at once. Enough for a benchmark's clients; a thread costs about 60 KB.
    public static let maximumConnections = 256

    private struct State {
        var connections: [UInt64: BlockingSocket] = [:]
        var nextID: UInt64 = 0
        var isStopped = false
    }

    private let listener: BlockingListener
    private let state: Mutex<State>
    private let tls: TLSContext?
    private let handler: @Sendable (BlockingSocket) -> Void

    public var port: Int { listener.port }
    public var openConnections: Int { state.withLock { $0.connections.count } }

    /// Listens; connections are taken once ``start()`` is called.
    ///
    /// - Parameters:
    ///   - tls: nil for plain connections.
    ///   - handler: called on a connection's own thread; the connection ends when it returns.
    public init(port: Int = 0, tls: TLSContext? = nil, handler: @escaping @Sendable (BlockingSocket) -> Void)
        throws(SocketFailure)
    {
        listener = try BlockingListener(port: port)
        state = Mutex(State())
        self.tls = tls
        self.handler = handler
    }

    public func start() throws(SocketFailure) {
        try startThread { [self] in
            while let socket = listener.accept() {
                if let connection = BlockingSocket(socket, tls: tls) { serve(connection) }
            }
        }
    }

    /// Takes no more connections and ends those that are open.
    public func stop() {
        listener.shutdown()
        let open = state.withLock { state in
            state.isStopped = true
            return Array(state.connections.values)
        }
        for connection in open { connection.shutdown() }
    }

    private func serve(_ connection: BlockingSocket) {
        let id = state.withLock { state -> UInt64? in
            guard !state.isStopped, state.connections.count < Self.maximumConnections else { return nil }
            state.nextID += 1
            state.connections[state.nextID] = connection
            return state.nextID
        }
        guard let id else { return }
        do {
            try startThread { [self] in
                handler(connection)
                connection.finishWriting()
                connection.shutdown()
                state.withLock { $0.connections[id] = nil }
            }
        } catch {
            state.withLock { $0.connections[id] = nil }
        }
    }
}

/// Starts a thread of its own for `work`; it ends when `work` returns.
private func startThread(_ work: @escaping @Sendable () -> Void) throws(SocketFailure) {
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(ThreadWork(body: work)).toOpaque()
    let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context = unsafe context else { return nil }
        // OpenSSL writes with write(2): a client that has gone must not end the process. Blocked here, the signal that
        // this thread would get does nothing.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        unsafe Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body()
        return nil
    }
    let status = unsafe pthread_create(&thread, nil, run, box)
    guard status == 0 else {
        unsafe Unmanaged<ThreadWork>.fromOpaque(box).release()
        throw SocketFailure(call: "pthread_create", number: status)
    }
    pthread_detach(thread)
}

private final class ThreadWork: Sendable {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
