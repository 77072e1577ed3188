/// Reads HTTP/1.1 and 1.0 requests from bytes that arrive in pieces of any size. Pure: it does no I/O, and what it
/// makes of a stream of bytes does not depend on how the stream was cut.
///
/// ```swift
/// switch try reader.advance() {
/// case .needsMore: …                  // append or fill, then advance again
/// case .head(let head): …             // once a request; the place for `100 Continue`
/// case .complete(let head): …         // reader.withBody { … }, answer, reader.next()
/// }
/// ```
///
/// After a refusal it reads nothing more, and says the same again.
///
/// Source: RFC 9112.
public struct RequestReader: Sendable {
    public enum Event: Sendable {
        case needsMore
        case head(RequestHead)
        case complete(RequestHead)
    }

    private enum Phase {
        case head(HeadParser)
        case length(RequestHead, Int)
        case chunked(RequestHead, ChunkedBody)
        case complete(RequestHead, chunked: [UInt8]?)
        case refused(Refusal)
    }

    /// One TLS record: what a read from a socket brings at most.
    private static let ordinaryRoom = 16 * 1024
    /// Less free room than this is made larger before a read, so that no read is for a few bytes only.
    private static let smallestRoom = 4 * 1024

    public let limits: RequestLimits
    /// `storage[start..<filled]` has come in and is not yet behind us; what follows is room, already initialised, so
    /// that a socket can write into it without unsafe code here. The positions below count from `start`.
    private var storage: [UInt8] = []
    private var start = 0
    private var filled = 0
    private var phase: Phase
    /// The next byte to look at, and where its line began.
    private var scanned = 0
    private var lineStart = 0
    /// Where the body begins and, once the request is complete, where the next request does.
    private var bodyStart = 0
    private var end = 0

    public init(limits: RequestLimits = .standard) {
        self.limits = limits
        phase = .head(HeadParser(limits: limits))
    }

    // MARK: Bytes in

    /// Takes bytes that have been read elsewhere.
    public mutating func append(_ bytes: Span<UInt8>) {
        makeRoom(atLeast: bytes.count)
        for index in bytes.indices { storage[filled + index] = bytes[index] }
        filled += bytes.count
    }

    /// Lets `source` write into free room: it gets the storage and the range of it that is free (never empty), and
    /// answers how many bytes it wrote from the range's start.
    public mutating func fill(_ source: (inout MutableSpan<UInt8>, Range<Int>) -> Int) {
        makeRoom(atLeast: 1)
        let free = filled..<storage.count
        var span = storage.mutableSpan
        let count = source(&span, free)
        precondition(count >= 0 && count <= free.count, "more bytes than there was room for")
        filled += count
    }

    /// Bytes that have come in and do not belong to a request that is complete.
    public var pendingBytes: Int {
        if case .complete = phase { filled - start - end } else { filled - start }
    }

    /// Bytes of memory held for this and following requests.
    public var heldBytes: Int {
        switch phase {
        case .chunked(_, let body): storage.count + body.joined.count
        case .complete(_, let body): storage.count + (body?.count ?? 0)
        case .head, .length, .refused: storage.count
        }
    }

    /// Gives back memory that nothing is waiting in: all of it, or only what is beyond one ordinary read.
    public mutating func releaseRoom(all: Bool) {
        guard pendingBytes == 0, case .head = phase, all || storage.count > Self.ordinaryRoom else { return }
        storage = []
        (start, filled) = (0, 0)
    }

    private mutating func makeRoom(atLeast wanted: Int) {
        if start > 0, start == filled || storage.count - filled < Self.smallestRoom {
            storage.removeSubrange(0..<start)
            storage.append(contentsOf: [UInt8](repeating: 0, count: start))
            filled -= start
            start = 0
        }
        var needed = Self.smallestRoom
        if case .length(_, let length) = phase { needed = min(needed, start + bodyStart + length - filled) }
        needed = max(needed, wanted)
        guard storage.count - filled < needed else { return }
        let grown = max(filled + needed, min(storage.count * 2, filled + limits.bodyBytes), Self.ordinaryRoom)
        storage.reserveCapacity(grown)
        storage.append(contentsOf: [UInt8](repeating: 0, count: grown - storage.count))
    }

    // MARK: Requests out

    /// Reads on, as far as the bytes go.
    public mutating func advance() throws(Refusal) -> Event {
        do throws(Refusal) {
            switch phase {
            case .head(var parser):
                phase = .refused(.malformed(""))  // lets the parser be changed in place, without a copy
                let head = try readHead(&parser)
                guard let head else {
                    phase = .head(parser)
                    return .needsMore
                }
                begin(head)
                return .head(head)
            case .length(let head, let length):
                guard filled - start - bodyStart >= length else { return .needsMore }
                end = bodyStart + length
                phase = .complete(head, chunked: nil)
                return .complete(head)
            case .chunked(let head, var body):
                phase = .refused(.malformed(""))
                let bytes = storage
                scanned += try body.take(bytes, start + scanned..<filled)
                guard body.isComplete else {
                    // All was taken: the room can be used again.
                    (start, filled, scanned) = (0, 0, 0)
                    phase = .chunked(head, body)
                    return .needsMore
                }
                end = scanned
                phase = .complete(head, chunked: body.joined)
                return .complete(head)
            case .complete(let head, _):
                return .complete(head)
            case .refused(let refusal):
                throw refusal
            }
        } catch {
            phase = .refused(error)
            throw error
        }
    }

    /// Shows the body of the complete request.
    public func withBody<Result>(_ use: (Span<UInt8>) -> Result) -> Result {
        switch phase {
        case .complete(_, .some(let body)):
            return use(body.span)
        case .complete(_, nil):
            return use(storage.span.extracting(start + bodyStart..<start + end))
        case .head, .length, .chunked, .refused:
            let nothing: [UInt8] = []
            return use(nothing.span)
        }
    }

    /// Hands over the body of the complete request, as a range of an array, without copying it.
    public mutating func takeBody() -> (bytes: [UInt8], range: Range<Int>) {
        switch phase {
        case .complete(let head, .some(let body)):
            phase = .complete(head, chunked: [])
            return (body, 0..<body.count)
        case .complete(let head, nil):
            let taken = (storage, start + bodyStart..<start + end)
            // What follows belongs to later requests, and is little: reading stops once a request is complete.
            storage = Array(storage[start + end..<filled])
            (start, filled, end) = (0, storage.count, 0)
            phase = .complete(head, chunked: [])
            return taken
        case .head, .length, .chunked, .refused:
            return ([], 0..<0)
        }
    }

    /// Leaves the complete request behind and begins the next.
    public mutating func next() {
        guard case .complete = phase else { return }
        start += end
        if start == filled { (start, filled) = (0, 0) }
        (scanned, lineStart, bodyStart, end) = (0, 0, 0, 0)
        phase = .head(HeadParser(limits: limits))
    }

    /// Reads lines until the empty one; nil when it has not come yet.
    private mutating func readHead(_ parser: inout HeadParser) throws(Refusal) -> RequestHead? {
        let bytes = storage
        let input = bytes.span.extracting(start..<filled)
        while true {
            let limit = parser.hasRequestLine ? limits.headBytes : min(limits.requestLineBytes, limits.headBytes)
            let reach = min(input.count, limit)
            while scanned < reach, input[scanned] != Octet.lineFeed { scanned += 1 }
            guard scanned < reach else {
                guard input.count < limit else {
                    throw parser.hasRequestLine ? .headTooLarge(limit: limit) : .targetTooLong(limit: limit)
                }
                return nil
            }
            guard scanned > lineStart, input[scanned - 1] == Octet.carriageReturn else {
                throw .malformed("a line that ends in a bare line feed")
            }
            let line = lineStart..<scanned - 1
            scanned += 1
            lineStart = scanned
            if !line.isEmpty {
                try parser.line(input, line)
            } else if parser.hasRequestLine {
                return try parser.finish(Array(bytes[start..<start + scanned]))
            } else if line.lowerBound > 0 {
                // RFC 9112 2.2: one empty line before a request is forgiven, which some clients send after a body.
                throw .malformed("empty lines before it")
            }
        }
    }

    private mutating func begin(_ head: RequestHead) {
        bodyStart = scanned
        switch head.framing {
        case .length(let length):
            phase = .length(head, length)
        case .chunked:
            phase = .chunked(head, ChunkedBody(limits: limits))
        }
    }
}
