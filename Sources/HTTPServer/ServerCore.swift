import OpenSSL
import Synchronization

/// What a server's loops share: unchanging data, and a few values behind locks and atomics.
final class ServerCore: Sendable {
    let configuration: Server.Configuration
    let service: any Service
    let counters = ServerCounters()
    let bodyMemory: BodyMemory
    /// What new connections are encrypted with; nil for plain HTTP.
    let tls: Mutex<TLSContext?>
    let posts: [LoopPost]
    private let ending: Mutex<Ending>

    private struct Ending {
        var running: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    init(_ configuration: Server.Configuration, service: any Service, posts: [LoopPost]) {
        self.configuration = configuration
        self.service = service
        self.posts = posts
        bodyMemory = BodyMemory(limit: configuration.maximumBodyMemory)
        tls = Mutex(configuration.tls)
        ending = Mutex(Ending(running: posts.count))
    }

    /// Notes that one loop has ended.
    func loopEnded() {
        let waiters = ending.withLock { ending in
            ending.running -= 1
            guard ending.running == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { ending.waiters = [] }
            return ending.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until all loops have ended.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = ending.withLock { ending in
                guard ending.running > 0 else { return true }
                ending.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}

/// Where a loop is reached: what it waits on, and its letters. Made before its thread, so that what fails fails early.
final class LoopPost: Sendable {
    let poller: Poller
    let mailbox: Mailbox

    init() throws(ServerError) {
        poller = try Poller()
        mailbox = try Mailbox()
        try poller.add(mailbox.descriptor, .read, datum: EventLoop.mailboxDatum)
    }
}
