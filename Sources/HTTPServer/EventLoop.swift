import OpenSSL
import Synchronization

/// One thread's connections, and what happens to them. Made inside its thread, and never leaves it.
final class EventLoop {
    // Connections' data have a generation, which begins at 1, in their upper half; these have none.
    static let listenerDatum: UInt64 = 0
    static let mailboxDatum: UInt64 = 1

    /// Connections accepted in one turn. More would let the ones that are open wait behind a crowd at the door.
    private static let acceptsPerTurn = 16

    let core: ServerCore
    /// The moment that this turn began; all of its deadlines count from here.
    private(set) var now = ContinuousClock.now
    /// The Date header line for `now`.
    private(set) var dateLine = DateLine.now()
    private(set) var drain: Letter.Drain?

    private let index: Int
    private let post: LoopPost
    /// Loop 0's alone, once the server is started.
    private var listener: Listener?
    /// By file descriptor.
    private var connections: [Connection?] = []
    private var open = 0
    private var generation: UInt32 = 0
    /// Connections that have more to do at once, but have had their turn.
    private var ready: [UInt64] = []
    private var nextSweep: ContinuousClock.Instant
    private let sweepInterval: Duration
    private var acceptsAgain: ContinuousClock.Instant?
    private var nextLoop = 0
    private var isStopped = false

    init(_ core: ServerCore, index: Int) {
        self.core = core
        self.index = index
        post = core.posts[index]
        sweepInterval = core.configuration.deadlines.sweep
        nextSweep = now + sweepInterval
    }

    var mailbox: Mailbox { post.mailbox }

    /// Serves until it is stopped or drained.
    func run() {
        while !isStopped {
            var events: [Poller.Event] = []
            post.poller.wait(milliseconds: patience) { events.append($0) }
            now = .now
            if now >= nextSweep { dateLine = DateLine.now() }
            for event in events { handle(event) }
            let waiting = ready
            ready = []
            for token in waiting { connection(token)?.run(on: self) }
            if now >= nextSweep { sweep() }
        }
        for case let connection? in connections { connection.close(on: self) }
        for letter in mailbox.close() { discard(letter) }
    }

    /// How long to wait for events, in milliseconds: until the next sweep, for ever when there is nothing to sweep.
    private var patience: Int32 {
        if !ready.isEmpty { return 0 }
        if open == 0, drain == nil, acceptsAgain == nil { return -1 }
        let milliseconds = (nextSweep - now) / Duration.milliseconds(1)
        return Int32(max(0, milliseconds.rounded(.up)))
    }

    private func handle(_ event: Poller.Event) {
        switch event.datum {
        case Self.listenerDatum: accept()
        case Self.mailboxDatum: for letter in mailbox.take() { handle(letter) }
        default: connection(event.datum)?.wake(event, on: self)
        }
    }

    private func handle(_ letter: Letter) {
        switch letter {
        case .listen(let listener):
            self.listener = listener
            post.poller.change(listener.descriptor, .read, datum: Self.listenerDatum)
        case .adopt(let descriptor): adopt(Socket(owning: descriptor))
        case .answer(let answer): connection(answer.token)?.deliver(answer, on: self)
        case .drain(let drain): self.drain = self.drain ?? drain
        case .stop: isStopped = true
        }
    }

    /// The connection that `token` names, if it is still there.
    private func connection(_ token: UInt64) -> Connection? {
        let descriptor = Int(token & 0xFFFF_FFFF)
        guard descriptor < connections.count, let connection = connections[descriptor], connection.token == token
        else { return nil }
        return connection
    }

    // MARK: Accepting

    private func accept() {
        for _ in 0..<Self.acceptsPerTurn {
            guard acceptOne() else { return }
        }
    }

    /// Accepts a connection and gives it a loop; false when nobody waits.
    private func acceptOne() -> Bool {
        guard let listener else { return false }
        switch listener.accept() {
        case .connection(let socket):
            let counters = core.counters
            let (before, _) = counters.connectionsOpen.add(1, ordering: .relaxed)
            guard before < core.configuration.maximumConnections else {
                counters.connectionsOpen.subtract(1, ordering: .relaxed)
                counters.connectionsRefused.add(1, ordering: .relaxed)
                return true
            }
            counters.connectionsAccepted.add(1, ordering: .relaxed)
            let chosen = nextLoop
            nextLoop = (nextLoop + 1) % core.posts.count
            if chosen == index {
                adopt(socket)
            } else {
                let descriptor = socket.release()
                // A loop that has ended, while draining, takes no letters.
                if !core.posts[chosen].mailbox.post(.adopt(descriptor)) { adopt(Socket(owning: descriptor)) }
            }
            return true
        case .none:
            return false
        case .exhausted:
            // The connection stays in the queue, and the listener readable: watching it on would spin.
            post.poller.change(listener.descriptor, [], datum: Self.listenerDatum)
            let resumes = now + core.configuration.deadlines.acceptPause
            acceptsAgain = resumes
            nextSweep = min(nextSweep, resumes)
            return false
        }
    }

    private func adopt(_ socket: consuming Socket) {
        generation = generation == .max ? 1 : generation + 1
        let descriptor = socket.descriptor
        let token = UInt64(generation) << 32 | UInt64(descriptor)
        guard let stream = ByteStream(socket, tls: core.tls.withLock { $0 }), watch(descriptor, token) else {
            core.counters.connectionsOpen.subtract(1, ordering: .relaxed)
            return
        }
        if connections.count <= Int(descriptor) {
            connections.append(contentsOf: repeatElement(nil, count: Int(descriptor) + 1 - connections.count))
        }
        connections[Int(descriptor)] = Connection(stream, token: token, on: self)
        if open == 0 { nextSweep = min(nextSweep, now + sweepInterval) }
        open += 1
    }

    private func watch(_ descriptor: Int32, _ token: UInt64) -> Bool {
        do throws(ServerError) {
            try post.poller.add(descriptor, .read, datum: token)
            return true
        } catch {
            return false
        }
    }

    private func discard(_ letter: Letter) {
        guard case .adopt(let descriptor) = letter else { return }
        _ = Socket(owning: descriptor)
        core.counters.connectionsOpen.subtract(1, ordering: .relaxed)
    }

    // MARK: What connections ask for

    func watch(_ connection: Connection, for interest: Poller.Interest) {
        post.poller.change(connection.descriptor, interest, datum: connection.token)
    }

    /// Lets the connection run again in the next turn.
    func runLater(_ connection: Connection) {
        ready.append(connection.token)
    }

    func remove(_ connection: Connection) {
        connections[Int(connection.descriptor)] = nil
        open -= 1
        core.counters.connectionsOpen.subtract(1, ordering: .relaxed)
    }

    // MARK: Time

    private func sweep() {
        nextSweep = now + sweepInterval
        if let resumes = acceptsAgain, now >= resumes {
            acceptsAgain = nil
            if let listener { post.poller.change(listener.descriptor, .read, datum: Self.listenerDatum) }
        }
        for case let connection? in connections {
            if now >= connection.deadline {
                connection.expire(on: self)
            } else {
                connection.rest()
            }
        }
        if let drain { sweep(drain) }
    }

    private func sweep(_ drain: Letter.Drain) {
        guard now >= drain.acceptUntil else { return }
        if listener != nil {
            // Those who have connected already are served; closing the listener would reset them.
            while acceptOne() {}
            listener = nil
        }
        let isOver = now >= drain.closeBy
        for case let connection? in connections where isOver || connection.isIdle { connection.close(on: self) }
        if open == 0 { isStopped = true }
    }
}
