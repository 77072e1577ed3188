import Synchronization

/// What other threads put down for the loop's thread.
final class Mailbox: Sendable {
    enum Letter: Sendable {
        /// Makes a request; what it comes to goes to the recipient, in every case.
        case start(id: UInt64, Order, Recipient)
        case cancel(id: UInt64)
    }

    struct Delivery: Sendable {
        var letters: [Letter] = []
        var isClosed = false
    }

    private struct State {
        var delivery = Delivery()
        /// Nil once closed, so that the connections close with the loop and not with the client's last reference.
        var multi: MultiHandle?
    }

    private let state: Mutex<State>

    init(waking multi: MultiHandle) {
        state = Mutex(State(multi: multi))
    }

    func post(_ letter: Letter) {
        let isClosed = state.withLock { state in
            guard let multi = state.multi else { return true }
            // Whoever put the first letter down has woken the loop for all of them.
            if state.delivery.letters.isEmpty { multi.wake() }
            state.delivery.letters.append(letter)
            return false
        }
        if isClosed, case .start(_, _, let recipient) = letter { recipient.end(with: .failure(.closed)) }
    }

    /// Ends the loop: what runs fails with ``HTTPClient/Failure/closed``, and so does what comes later.
    func close() {
        state.withLock { state in
            state.delivery.isClosed = true
            state.multi?.wake()
            state.multi = nil
        }
    }

    /// What has come since the last time.
    func take() -> Delivery {
        state.withLock { state in
            defer { state.delivery.letters = [] }
            return state.delivery
        }
    }
}
