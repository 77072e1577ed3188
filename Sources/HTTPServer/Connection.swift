import OpenSSL

/// One client's connection: a state, and one function for each way out of it.
///
/// ```
/// handshaking ─▶ idle ─▶ readingHead ─▶ readingBody ─▶ answering ─▶ writing ─▶ idle
///                                                                      └─────▶ lingering ─▶ closed
/// ```
///
/// One request at a time is read, answered and written; what follows it in a pipeline waits, in our buffer or in the
/// kernel. Belongs to its ``EventLoop``.
final class Connection {
    enum State {
        case handshaking
        /// Between requests: not a byte of the next has come.
        case idle
        case readingHead
        case readingBody
        /// The service has the request, and will send its answer by letter.
        case answering
        /// Part of the output is still to be taken by the client.
        case writing(then: Sequel)
        /// All is said; bytes that still come are thrown away until the client closes.
        case lingering
        case closed
    }

    enum Sequel { case readBody, nextRequest, linger }

    /// Whether to go on at once or to wait for an event.
    private enum Progress { case again, waits }

    /// Requests answered in one turn of a pipeline, before other connections have theirs.
    private static let requestsPerTurn = 16
    /// An output buffer that has grown over this is not kept for the next response.
    private static let largestKeptOutput = 64 * 1024
    /// Bytes of a reader that are not counted as body memory: what every connection may use.
    private static let uncountedBytes = 64 * 1024
    /// Bytes thrown away in one turn while lingering.
    private static let discardedPerTurn = 1024 * 1024

    let token: UInt64
    let descriptor: Int32
    private(set) var deadline: ContinuousClock.Instant
    private var stream: ByteStream
    private var state: State
    private var interest: Poller.Interest = .read
    private var reader: RequestReader
    private var claim: BodyMemory.Claim?
    private var output: [UInt8] = []
    private var written = 0
    /// Numbers the requests, so that an answer which comes too late for its own does not answer the next.
    private var exchange: UInt32 = 0
    private var form = ResponseWriter.Form()
    private var requestsLeft = Connection.requestsPerTurn

    init(_ stream: consuming ByteStream, token: UInt64, on loop: EventLoop) {
        let deadlines = loop.core.configuration.deadlines
        self.token = token
        descriptor = stream.descriptor
        state = stream.needsHandshake ? .handshaking : .idle
        deadline = loop.now + (stream.needsHandshake ? deadlines.handshake : deadlines.idle)
        reader = RequestReader(limits: loop.core.configuration.limits)
        self.stream = stream
    }

    var isIdle: Bool {
        if case .idle = state { true } else { false }
    }

    // MARK: What happens to it

    /// The socket has become readable, writable or useless.
    func wake(_ event: Poller.Event, on loop: EventLoop) {
        if case .answering = state {
            // Its client has gone, or sends on before it has been answered. Then the kernel may keep that for us.
            if event.isBroken { close(on: loop) } else { watch([], on: loop) }
            return
        }
        requestsLeft = Self.requestsPerTurn
        run(on: loop)
    }

    /// Goes on as far as bytes and the client allow.
    func run(on loop: EventLoop) {
        while true {
            let progress =
                switch state {
                case .handshaking: handshake(on: loop)
                case .idle, .readingHead, .readingBody: read(on: loop)
                case .writing(let sequel): write(then: sequel, on: loop)
                case .lingering: linger(on: loop)
                case .answering, .closed: Progress.waits
                }
            if progress == .waits { return }
        }
    }

    /// A reply has been answered.
    func deliver(_ answer: Letter.Answer, on loop: EventLoop) {
        guard case .answering = state, answer.exchange == exchange else { return }
        form.isPacked = answer.isPacked
        requestsLeft = Self.requestsPerTurn
        respond(answer.response, on: loop)
        run(on: loop)
    }

    /// Its time is up.
    func expire(on loop: EventLoop) {
        let counters = loop.core.counters
        switch state {
        case .handshaking:
            counters.handshakeTimeouts.add(1, ordering: .relaxed)
            close(on: loop)
        case .idle:
            counters.idleTimeouts.add(1, ordering: .relaxed)
            close(on: loop)
        case .readingHead:
            counters.headTimeouts.add(1, ordering: .relaxed)
            refuse(Response(status: 408, text: "the request's header took too long"), on: loop)
        case .readingBody:
            counters.bodyTimeouts.add(1, ordering: .relaxed)
            refuse(Response(status: 408, text: "the request's body took too long"), on: loop)
        case .answering:
            counters.answerTimeouts.add(1, ordering: .relaxed)
            refuse(Response(status: 504, text: "the answer took too long"), on: loop)
        case .writing:
            counters.writeTimeouts.add(1, ordering: .relaxed)
            close(on: loop)
        case .lingering, .closed:
            close(on: loop)
        }
    }

    /// Gives back memory while nothing happens.
    func rest() {
        guard isIdle else { return }
        reader.releaseRoom(all: true)
        output = []
    }

    func close(on loop: EventLoop) {
        if case .closed = state { return }
        if case .idle = state { stream.finishWriting() }
        state = .closed
        loop.remove(self)
    }

    private func watch(_ wanted: Poller.Interest, on loop: EventLoop) {
        guard wanted != interest else { return }
        interest = wanted
        loop.watch(self, for: wanted)
    }

    // MARK: handshaking → idle

    private func handshake(on loop: EventLoop) -> Progress {
        switch stream.handshake() {
        case .bytes:
            state = .idle
            deadline = loop.now + loop.core.configuration.deadlines.idle
            watch(.read, on: loop)
            return stream.hasPending ? .again : .waits
        case .wantsRead:
            watch(.read, on: loop)
            return .waits
        case .wantsWrite:
            watch(.write, on: loop)
            return .waits
        case .ended, .failed:
            loop.core.counters.handshakeFailures.add(1, ordering: .relaxed)
            close(on: loop)
            return .waits
        }
    }

    // MARK: idle → readingHead → readingBody → answering

    private func read(on loop: EventLoop) -> Progress {
        do throws(Refusal) {
            switch try reader.advance() {
            case .needsMore: return try receive(on: loop)
            case .head(let head): return begin(head, on: loop)
            case .complete(let head): return serve(head, on: loop)
            }
        } catch {
            loop.core.counters.requestsRefused.add(1, ordering: .relaxed)
            return refuse(Response(error), on: loop)
        }
    }

    private func receive(on loop: EventLoop) throws(Refusal) -> Progress {
        var outcome = ByteStream.Outcome.failed
        reader.fill { span, free in
            outcome = stream.read(into: &span, free)
            if case .bytes(let count) = outcome { return count }
            return 0
        }
        switch outcome {
        case .bytes:
            if case .idle = state {
                state = .readingHead
                deadline = loop.now + loop.core.configuration.deadlines.head
            }
            try account(on: loop)
            return .again
        case .wantsRead:
            watch(.read, on: loop)
            return .waits
        case .wantsWrite:
            watch(.write, on: loop)
            return .waits
        case .ended, .failed:
            close(on: loop)
            return .waits
        }
    }

    /// Counts a large request's memory against what bodies may have together.
    private func account(on loop: EventLoop) throws(Refusal) {
        let bytes = reader.heldBytes - Self.uncountedBytes
        guard bytes > 0 else { return }
        let claim = claim ?? BodyMemory.Claim(on: loop.core.bodyMemory)
        self.claim = claim
        guard claim.grow(to: bytes) else { throw .overloaded }
    }

    private func begin(_ head: RequestHead, on loop: EventLoop) -> Progress {
        state = .readingBody
        deadline = loop.now + loop.core.configuration.deadlines.body
        guard head.expectsContinue, head.framing != .length(0), reader.pendingBytes == head.bytes.count else {
            return .again
        }
        output.append(contentsOf: ResponseWriter.goOn)
        state = .writing(then: .readBody)
        return .again
    }

    /// Hands the complete request to the service: here when that is quick, otherwise on a task.
    private func serve(_ head: RequestHead, on loop: EventLoop) -> Progress {
        let core = loop.core
        let configuration = core.configuration
        core.counters.requests.add(1, ordering: .relaxed)
        exchange &+= 1
        form = ResponseWriter.Form(
            isHead: head.method == .head,
            isHTTP10: head.version == .http10,
            closes: !head.keepsAlive
        )
        let packsFrom = head.acceptsGzip ? configuration.smallestPackedBody : nil
        let mailbox = loop.mailbox
        let makeReply = { [token, exchange] in
            Reply(mailbox: mailbox, token: token, exchange: exchange, packsFrom: packsFrom)
        }
        let size = reader.withBody { $0.count }
        guard size <= configuration.largestBodyOnLoop, head.contentEncoding == .identity || size == 0 else {
            let background = BackgroundRequest(head: head, body: reader.takeBody(), claim: claim, core: core)
            claim = nil
            background.start(makeReply())
            return awaitAnswer(on: loop)
        }
        var response = Response()
        var isPromised = false
        let disposition = reader.withBody { body in
            core.service.handle(head, body: body, respond: &response) {
                isPromised = true
                return makeReply()
            }
        }
        switch disposition {
        case .answered where head.acceptsGzip && response.body.count >= configuration.smallestPackedBody:
            // Packing takes long: a task does it, by way of a reply.
            let (reply, response) = (makeReply(), response)
            Task.detached { reply.answer(response) }
            return awaitAnswer(on: loop)
        case .answered:
            return respond(response, on: loop)
        case .later where isPromised:
            return awaitAnswer(on: loop)
        case .later:
            return respond(Response(status: 500, text: "the request was not answered"), on: loop)
        }
    }

    private func awaitAnswer(on loop: EventLoop) -> Progress {
        state = .answering
        deadline = loop.now + loop.core.configuration.deadlines.answer
        return .waits
    }

    // MARK: answering → writing

    /// Answers what cannot be served, and ends.
    @discardableResult
    private func refuse(_ response: Response, on loop: EventLoop) -> Progress {
        form = ResponseWriter.Form(closes: true)
        respond(response, on: loop)
        run(on: loop)
        return .waits
    }

    @discardableResult
    private func respond(_ response: Response, on loop: EventLoop) -> Progress {
        form.closes = form.closes || response.closesConnection || loop.drain != nil
        form.varies = response.body.count >= loop.core.configuration.smallestPackedBody || form.isPacked
        ResponseWriter.write(response, form, dateLine: loop.dateLine, to: &output)
        state = .writing(then: form.closes ? .linger : .nextRequest)
        deadline = loop.now + loop.core.configuration.deadlines.write
        return .again
    }

    // MARK: writing → readingBody, idle, lingering

    private func write(then sequel: Sequel, on loop: EventLoop) -> Progress {
        while written < output.count {
            switch stream.write(output, from: written) {
            case .bytes(let count):
                written += count
                deadline = loop.now + loop.core.configuration.deadlines.write
            case .wantsWrite:
                watch(.write, on: loop)
                return .waits
            case .wantsRead:
                watch(.read, on: loop)
                return .waits
            case .ended, .failed:
                close(on: loop)
                return .waits
            }
        }
        written = 0
        if output.capacity > Self.largestKeptOutput { output = [] } else { output.removeAll(keepingCapacity: true) }
        watch(.read, on: loop)
        let deadlines = loop.core.configuration.deadlines
        switch sequel {
        case .readBody:
            state = .readingBody
            deadline = loop.now + deadlines.body
            return .again
        case .linger:
            stream.finishWriting()
            state = .lingering
            deadline = loop.now + deadlines.linger
            return .waits
        case .nextRequest:
            return beginNext(on: loop)
        }
    }

    private func beginNext(on loop: EventLoop) -> Progress {
        reader.next()
        claim = nil
        reader.releaseRoom(all: false)
        let deadlines = loop.core.configuration.deadlines
        if reader.pendingBytes > 0 {
            state = .readingHead
            deadline = loop.now + deadlines.head
        } else {
            state = .idle
            deadline = loop.now + deadlines.idle
            guard stream.hasPending else { return .waits }
        }
        requestsLeft -= 1
        if requestsLeft > 0 { return .again }
        requestsLeft = Self.requestsPerTurn
        loop.runLater(self)
        return .waits
    }

    // MARK: lingering → closed

    private func linger(on loop: EventLoop) -> Progress {
        switch stream.discard(atMost: Self.discardedPerTurn) {
        case .ended, .failed: close(on: loop)
        case .bytes, .wantsRead, .wantsWrite: break
        }
        return .waits
    }
}
