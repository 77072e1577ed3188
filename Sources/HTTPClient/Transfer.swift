import CCurl

/// One request on the wire and what has come back so far. Belongs to the loop's thread: libcurl calls into it from
/// `curl_multi_perform`, nobody else touches it.
final class Transfer {
    typealias Outcome = Result<Exchange, HTTPClient.Failure>

    /// A response, and where it redirects to if it does.
    struct Exchange: Sendable {
        let response: HTTPClient.Response
        let redirectTarget: String?
    }

    let order: Order
    let easy: EasyHandle
    private let sockets: SocketTable
    /// Where a body goes that is read as it comes; nil where it is collected.
    private let sink: Sink?
    /// When the transfer is over if nothing more comes.
    private(set) var expiry: ContinuousClock.Instant
    let beginning = ContinuousClock.now
    private var head = ResponseHead()
    private var body: [UInt8] = []
    /// Why we broke the transfer off from inside a callback; libcurl only knows that we did.
    private var refusal: HTTPClient.Failure?

    init(order: Order, environment: Environment, sockets: SocketTable, sink: Sink?) throws(HTTPClient.Failure) {
        self.order = order
        self.sockets = sockets
        self.sink = sink
        expiry = order.deadline
        easy = try EasyHandle()
        try easy.prepare(order, environment)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        try unsafe easy.set(CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, Self.bodyFunction, context)
        try unsafe easy.set(CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA, Self.lineFunction, context)
        try unsafe easy.set(
            opened: Self.openedFunction, context,
            closed: SocketTable.closeFunction, Unmanaged.passUnretained(sockets).toOpaque())
    }

    private static let openedFunction: countersign_socket_function = { context, socket, _ in
        if let context = unsafe context {
            let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            transfer.sockets.add(socket, for: transfer.order.origin)
        }
        return Int32(CURL_SOCKOPT_OK)
    }

    // libcurl breaks a transfer off when a function returns another count than it was given.
    private static let bodyFunction: countersign_data_function = { bytes, size, count, context in
        let isTaken = unsafe transfer(context, bytes, size * count) { transfer, span in transfer.receive(body: span) }
        return isTaken ? size * count : Int(CURL_WRITEFUNC_ERROR)
    }

    private static let lineFunction: countersign_data_function = { bytes, size, count, context in
        let isTaken = unsafe transfer(context, bytes, size * count) { transfer, span in transfer.receive(line: span) }
        return isTaken ? size * count : Int(CURL_WRITEFUNC_ERROR)
    }

    private static func transfer(
        _ context: UnsafeMutableRawPointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int,
        _ receive: (Transfer, Span<UInt8>) -> Bool
    ) -> Bool {
        guard let context = unsafe context else { return false }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
        return unsafe receive(transfer, raw.bindMemory(to: UInt8.self).span)
    }

    /// One header line of the answer, of an interim answer before it, or of the trailer after it.
    private func receive(line: Span<UInt8>) -> Bool {
        sockets.heard(from: order.origin)
        guard head.append(line) else {
            return refuse(.headerTooLarge(limit: HTTPClient.maximumHeaderBytes))
        }
        if let sink {
            if head.isComplete, let status = head.status, !sink.hasBegun {
                sink.begin(Sink.Head(status: status, headers: head.headers))
                postpone()
            }
            return true
        }
        // A length above the bound is refused before a byte of the body is read. The answer to a HEAD has none.
        if head.isComplete, order.method != "HEAD", let length = head.contentLength, length > order.maximumResponseBytes
        {
            return refuse(.tooLarge(limit: order.maximumResponseBytes))
        }
        return true
    }

    private func receive(body chunk: Span<UInt8>) -> Bool {
        sockets.heard(from: order.origin)
        if let sink {
            postpone()
            // This thread serves everybody: it never waits for one reader.
            return sink.take(chunk) || refuse(.readerTooSlow(limit: order.maximumResponseBytes))
        }
        // Counted as it comes, whatever length the header stated.
        guard chunk.count <= order.maximumResponseBytes - body.count else {
            return refuse(.tooLarge(limit: order.maximumResponseBytes))
        }
        if body.isEmpty, let length = head.contentLength {
            body.reserveCapacity(min(length, Self.maximumReservation))
        }
        unsafe chunk.withUnsafeBufferPointer { unsafe body.append(contentsOf: $0) }
        return true
    }

    private func postpone() {
        if let idleTimeout = order.idleTimeout { expiry = .now + idleTimeout }
    }

    /// Whether that it expires, now, tells something about its connection: it has one, and nothing was answered on it.
    var speaksAgainstConnection: Bool {
        order.distrustsSilence && !head.isComplete && (easy.integer(CURLINFO_REQUEST_SIZE) ?? 0) > 0
    }

    /// How much a stated length may make us reserve before the bytes are there.
    private static let maximumReservation = 1 << 20

    private func refuse(_ failure: HTTPClient.Failure) -> Bool {
        refusal = failure
        return false
    }

    /// What the transfer came to, once libcurl is done with it.
    func outcome(of code: CURLcode) -> Outcome {
        if let refusal { return .failure(refusal) }
        guard code == CURLE_OK else {
            return .failure(FailureReader(transfer: self, code: code, hasHead: head.isComplete).failure)
        }
        guard head.isComplete, let status = head.status else {
            return .failure(.malformed("\(order.url) answered without a status line"))
        }
        let response = HTTPClient.Response(
            status: status, headers: head.headers, body: body, finalURL: order.url)
        return .success(Exchange(response: response, redirectTarget: easy.string(CURLINFO_REDIRECT_URL)))
    }
}

/// The lines of a response's header, as libcurl hands them over.
struct ResponseHead {
    private(set) var headers = HTTPClient.Headers()
    private(set) var status: Int?
    private(set) var isComplete = false
    private var bytes = 0

    var contentLength: Int? { headers["content-length"].flatMap { Int($0) } }

    /// Takes one line, its line end included. Returns false when the header is longer than the bound.
    mutating func append(_ line: Span<UInt8>) -> Bool {
        bytes += line.count
        guard bytes <= HTTPClient.maximumHeaderBytes else { return false }
        if isComplete { return true }  // A trailer: nothing that we use comes there.
        let text = unsafe line.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        let content = text.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
        if content.hasPrefix("HTTP/") {
            headers = HTTPClient.Headers()
            status = content.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        } else if content.isEmpty {
            // The end of an interim answer (1xx) is followed by another header.
            isComplete = (status ?? 0) >= 200
        } else if let colon = content.firstIndex(of: ":") {
            headers.append(
                name: String(content[..<colon]),
                value: String(content[content.index(after: colon)...]).trimmingBlanks)
        }
        return true
    }
}
