/// A value inside a ``Document``: its place on the tape, and no copy of anything.
public struct Value: Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        case null, boolean, number, string, array, object
    }

    let document: Document
    let index: Int

    @inline(__always)
    var entry: Entry { document.tape[index] }

    public var kind: Kind {
        switch entry.kind {
        case .isFalse, .isTrue: .boolean
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        // No value begins at an end entry, so that case cannot occur.
        case .null, .end: .null
        }
    }

    // MARK: Scalars

    public var isNull: Bool { kind == .null }

    public var boolean: Bool? {
        switch entry.kind {
        case .isTrue: true
        case .isFalse: false
        default: nil
        }
    }

    /// The decoded text of a string, nil for any other kind.
    public var string: String? {
        entry.kind == .string ? document.text(at: index) : nil
    }

    /// A number exactly as it was written, nil for any other kind.
    public var numberText: String? {
        entry.kind == .number ? String(decoding: document.bytes[sourceRange], as: UTF8.self) : nil
    }

    /// A number that was written as an integer (no fraction, no exponent) and that fits; nil otherwise.
    public var integer: Int? {
        guard entry.kind == .number else { return nil }
        var magnitude: UInt = 0
        let digits = document.bytes[sourceRange]
        let isNegative = digits.first == UInt8(ascii: "-")
        for byte in isNegative ? digits.dropFirst() : digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (shifted, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = shifted.addingReportingOverflow(UInt(digit))
            guard !overflow, !overflowed else { return nil }
            magnitude = sum
        }
        guard isNegative else { return Int(exactly: magnitude) }
        return magnitude == Int.min.magnitude ? Int.min : Int(exactly: magnitude).map { -$0 }
    }

    /// The nearest `Double` to a number, nil for any other kind and where the number is too large for one.
    public var double: Double? {
        guard let text = numberText, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// Whether this is a string equal to `text`, byte for byte after decoding. Does not allocate unless this string
    /// has escape sequences.
    public func equals(_ text: String) -> Bool {
        entry.kind == .string && document.isText(at: index, text.utf8.span)
    }

    // MARK: Inside

    /// How many elements or members there are; 0 for a scalar.
    public var count: Int {
        switch entry.kind {
        case .array, .object: document.tape[entry.payload].payload
        default: 0
        }
    }

    /// The member named `key`; nil where this is not an object or has none.
    public subscript(key: String) -> Value? {
        guard entry.kind == .object else { return nil }
        let wanted = key.utf8.span
        let end = entry.payload
        var position = index + 1
        while position < end {
            if document.isText(at: position, wanted), !document.tape[position].superseded {
                return Value(document: document, index: position + 1)
            }
            position = document.index(after: position + 1)
        }
        return nil
    }

    /// The element at `index`, counted from 0; nil where this is not an array or is shorter.
    public subscript(index: Int) -> Value? {
        guard entry.kind == .array, index >= 0, index < count else { return nil }
        var position = self.index + 1
        for _ in 0..<index { position = document.index(after: position) }
        return Value(document: document, index: position)
    }

    /// The elements of an array; empty for any other kind.
    public var elements: Elements {
        let isArray = entry.kind == .array
        return Elements(document: document, position: index + 1, end: isArray ? entry.payload : 0)
    }

    /// The members of an object in their order; empty for any other kind.
    public var members: Members {
        let isObject = entry.kind == .object
        return Members(document: document, position: index + 1, end: isObject ? entry.payload : 0)
    }

    // MARK: Source

    /// Where the value's text lies in the document's bytes, quotes and brackets included.
    var sourceRange: Range<Int> {
        switch entry.kind {
        case .string: (entry.offset - 1)..<(entry.offset + entry.payload + 1)
        case .array, .object: entry.offset..<(document.tape[entry.payload].offset + 1)
        default: entry.offset..<(entry.offset + entry.payload)
        }
    }

    /// The exact text of the value, including members that ``DuplicateKeys/keepLast`` passed over.
    public var source: [UInt8] { Array(document.bytes[sourceRange]) }

    /// The exact text of the value.
    public var description: String { String(decoding: document.bytes[sourceRange], as: UTF8.self) }
}

extension Document {
    /// The decoded text of the string or key at `index`.
    func text(at index: Int) -> String {
        let entry = tape[index]
        let range = entry.offset..<(entry.offset + entry.payload)
        guard entry.escaped else { return String(decoding: bytes[range], as: UTF8.self) }
        let bytes = bytes
        return String(decoding: StringDecoder.decode(bytes.span.extracting(range)), as: UTF8.self)
    }

    /// Whether the string or key at `index` is `wanted`, byte for byte after decoding.
    @inline(__always)
    func isText(at index: Int, _ wanted: Span<UInt8>) -> Bool {
        let entry = tape[index]
        if entry.escaped { return isDecodedText(entry, wanted) }
        guard entry.payload == wanted.count else { return false }
        let offset = entry.offset
        for position in 0..<wanted.count where bytes[offset + position] != wanted[position] { return false }
        return true
    }

    private func isDecodedText(_ entry: Entry, _ wanted: Span<UInt8>) -> Bool {
        // Decoding never lengthens, so a shorter text cannot become the wanted one.
        guard entry.payload >= wanted.count else { return false }
        let bytes = bytes
        let decoded = StringDecoder.decode(bytes.span.extracting(entry.offset..<(entry.offset + entry.payload)))
        guard decoded.count == wanted.count else { return false }
        for position in 0..<wanted.count where decoded[position] != wanted[position] { return false }
        return true
    }
}
