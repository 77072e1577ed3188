import Synchronization

/// The promise of a response. It is answered once, from any thread; when it is let go of unanswered, that answers 500,
/// so that no client waits for a task that has failed or forgotten it.
public final class Reply: Sendable {
    private let mailbox: Mailbox
    private let token: UInt64
    private let exchange: UInt32
    /// Bodies of this size and more are packed; nil when the client does not take gzip.
    private let packsFrom: Int?
    private let isAnswered = Atomic(false)

    init(mailbox: Mailbox, token: UInt64, exchange: UInt32, packsFrom: Int?) {
        self.mailbox = mailbox
        self.token = token
        self.exchange = exchange
        self.packsFrom = packsFrom
    }

    deinit {
        answer(Response(status: 500, text: "the request was not answered"))
    }

    /// Sends the response on its way. Only the first call counts. A large body is packed here, on the caller's thread,
    /// when the client takes gzip.
    public func answer(_ response: Response) {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return }
        var response = response
        var isPacked = false
        if let packsFrom, response.body.count >= packsFrom, let packed = Gzip.pack(response.body) {
            response.body = packed
            isPacked = true
        }
        mailbox.post(
            .answer(Letter.Answer(token: token, exchange: exchange, response: response, isPacked: isPacked))
        )
    }
}
