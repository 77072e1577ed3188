import CLinux
import Glibc
import Synchronization

/// What other threads tell an event loop.
enum Letter: Sendable {
    /// Accept from this one; loop 0 alone gets it.
    case listen(Listener)
    /// A connection that loop 0 accepted. The descriptor belongs to whoever takes the letter.
    case adopt(Int32)
    case answer(Answer)
    case drain(Drain)
    case stop

    /// A response to one exchange on one connection. When that has gone on or gone away, the answer falls away.
    struct Answer: Sendable {
        let token: UInt64
        let exchange: UInt32
        let response: Response
        let isPacked: Bool
    }

    /// When to do what while draining; the same moments for all loops.
    struct Drain: Sendable {
        let acceptUntil: ContinuousClock.Instant
        let closeBy: ContinuousClock.Instant
    }
}

/// An event loop's letters, and the eventfd that wakes it for them.
final class Mailbox: Sendable {
    private struct State {
        var letters: [Letter] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    let descriptor: Int32

    init() throws(ServerError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .system("eventfd", errno) }
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Puts a letter in; false when the loop has ended. The loop is woken only by the first letter in an empty box:
    /// it empties the box whole.
    @discardableResult
    func post(_ letter: Letter) -> Bool {
        let (wasPosted, wakes) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.letters.append(letter)
            return (true, state.letters.count == 1)
        }
        if wakes { _ = eventfd_write(descriptor, 1) }
        return wasPosted
    }

    /// Takes all letters out.
    func take() -> [Letter] {
        // The bell is silenced before the box is emptied, so that a letter put in between rings it again.
        var rings: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor, &rings)
        return state.withLock { state in
            let letters = state.letters
            state.letters = []
            return letters
        }
    }

    /// Refuses further letters, and hands out the last ones.
    func close() -> [Letter] {
        state.withLock { state in
            let letters = state.letters
            state.letters = []
            state.isClosed = true
            return letters
        }
    }
}
