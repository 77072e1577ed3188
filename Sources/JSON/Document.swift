/// A JSON text that has been checked from end to end, with a tape that remembers where every value lies.
///
/// One pass checks RFC 8259's grammar, UTF-8, surrogate pairs, duplicate keys, depth and length. Nothing is decoded
/// until somebody asks: a ``Value`` is a place on the tape.
public final class Document: Sendable {
    /// The text.
    public let bytes: [UInt8]
    let tape: [Entry]
    /// Whether ``DuplicateKeys/keepLast`` left members behind that do not count.
    let hasSupersededMembers: Bool

    /// Reads `bytes`.
    ///
    /// Source: RFC 8259, with the choices that it leaves open made strictly: no byte order mark, no lone surrogates.
    /// - Throws: ``ParseError`` with the reason and the byte offset.
    public init(
        _ bytes: [UInt8],
        limits: ParseLimits = .standard,
        duplicateKeys: DuplicateKeys = .refuse
    ) throws(ParseError) {
        var builder = TapeBuilder(limits: limits, duplicateKeys: duplicateKeys)
        try builder.read(bytes.span)
        self.bytes = bytes
        self.tape = builder.tape
        self.hasSupersededMembers = builder.hasSupersededMembers
    }

    /// Reads a copy of bytes that belong to somebody else, such as a connection's buffer.
    ///
    /// - Throws: ``ParseError`` with the reason and the byte offset.
    public convenience init(
        copying span: Span<UInt8>,
        limits: ParseLimits = .standard,
        duplicateKeys: DuplicateKeys = .refuse
    ) throws(ParseError) {
        guard span.count <= limits.maximumBytes else { throw ParseError(.tooLong(limit: limits.maximumBytes), at: 0) }
        try self.init([UInt8](copying: span), limits: limits, duplicateKeys: duplicateKeys)
    }

    /// Reads the UTF-8 of `text`.
    ///
    /// - Throws: ``ParseError`` with the reason and the byte offset.
    public convenience init(
        text: String,
        limits: ParseLimits = .standard,
        duplicateKeys: DuplicateKeys = .refuse
    ) throws(ParseError) {
        try self.init(Array(text.utf8), limits: limits, duplicateKeys: duplicateKeys)
    }

    public var root: Value { Value(document: self, index: 0) }

    /// The index of the entry that follows the value at `index` and all that lies inside it.
    @inline(__always)
    func index(after index: Int) -> Int {
        let entry = tape[index]
        switch entry.kind {
        case .array, .object: return entry.payload + 1
        default: return index + 1
        }
    }
}

extension [UInt8] {
    init(copying span: Span<UInt8>) {
        self.init(repeating: 0, count: span.count)
        var destination = mutableSpan
        for index in 0..<span.count {
            destination[index] = span[index]
        }
    }
}
