/// Joins a chunked body's chunks, from bytes that come in pieces of any size.
///
/// Every octet has one place in the grammar. Extensions are skipped and bounded, trailer fields checked and dropped.
///
/// Source: RFC 9112 7.1.
struct ChunkedBody: Sendable {
    /// Digits of a chunk's size. 15 hexadecimal digits fit an `Int` with room for the sum; leading zeros count.
    private static let longestSize = 15

    private enum Place {
        case size(digits: Int)
        case chunkExtension
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailers
        case end
    }

    private let limits: RequestLimits
    private var place = Place.size(digits: 0)
    /// The size being read, then the bytes of the chunk that are still to come.
    private var remaining = 0
    private var extensionBytes = 0
    /// The trailer line being read; at most `limits.trailerBytes`.
    private var trailer: [UInt8] = []
    private var trailerBytes = 0
    /// The body so far.
    private(set) var joined: [UInt8] = []

    init(limits: RequestLimits) {
        self.limits = limits
    }

    var isComplete: Bool {
        if case .end = place { true } else { false }
    }

    /// Takes bytes of `storage` in `range` and answers how many it took: all of them, unless the body ends before.
    mutating func take(_ storage: [UInt8], _ range: Range<Int>) throws(Refusal) -> Int {
        let bytes = storage.span
        var index = range.lowerBound
        while index < range.upperBound {
            if case .data = place {
                let count = min(remaining, range.upperBound - index)
                joined.append(contentsOf: storage[index..<index + count])
                index += count
                remaining -= count
                if remaining == 0 { place = .dataCarriageReturn }
            } else {
                try take(bytes[index])
                index += 1
                if isComplete { break }
            }
        }
        return index - range.lowerBound
    }

    /// One octet outside of chunk data.
    private mutating func take(_ octet: UInt8) throws(Refusal) {
        switch place {
        case .size(let digits):
            if let digit = Octet.hexadecimal(octet) {
                guard digits < Self.longestSize else { throw .malformed("a chunk size with too many digits") }
                remaining = remaining << 4 | digit
                place = .size(digits: digits + 1)
            } else if digits > 0, octet == UInt8(ascii: ";") {
                place = .chunkExtension
            } else if digits > 0, octet == Octet.carriageReturn {
                place = .sizeLineFeed
            } else {
                throw .malformed("a chunk without a size")
            }
        case .chunkExtension:
            if octet == Octet.carriageReturn {
                place = .sizeLineFeed
            } else {
                extensionBytes += 1
                guard Octet.isFieldValue(octet), extensionBytes <= limits.chunkExtensionBytes else {
                    throw .malformed("chunk extensions with control characters or without end")
                }
            }
        case .sizeLineFeed:
            guard octet == Octet.lineFeed else { throw .malformed("a carriage return that ends no line") }
            guard remaining <= limits.bodyBytes - joined.count else { throw .bodyTooLarge(limit: limits.bodyBytes) }
            place = remaining == 0 ? .trailers : .data
        case .dataCarriageReturn:
            guard octet == Octet.carriageReturn else { throw .malformed("a chunk longer than its size") }
            place = .dataLineFeed
        case .dataLineFeed:
            guard octet == Octet.lineFeed else { throw .malformed("a chunk longer than its size") }
            place = .size(digits: 0)
        case .trailers:
            try takeTrailer(octet)
        case .data, .end:
            break
        }
    }

    private mutating func takeTrailer(_ octet: UInt8) throws(Refusal) {
        trailerBytes += 1
        guard trailerBytes <= limits.trailerBytes else { throw .headTooLarge(limit: limits.trailerBytes) }
        guard octet == Octet.lineFeed else {
            trailer.append(octet)
            return
        }
        guard trailer.last == Octet.carriageReturn else { throw .malformed("a line that ends in a bare line feed") }
        trailer.removeLast()
        guard !trailer.isEmpty else {
            place = .end
            return
        }
        let complete = trailer
        trailer = []
        let line = complete.span
        let name = line.extracting(try HeadParser.parseField(line, 0..<line.count).name)
        for framing in ["content-length", "transfer-encoding", "host"] where name.equalsIgnoringCase(framing) {
            throw .malformed("a trailer field that belongs in the header")
        }
    }
}
