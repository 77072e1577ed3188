/// Appends JSON to an array of bytes, and puts the commas where they belong.
///
/// The caller keeps the grammar (a key before each member's value, an end for each beginning); the writer keeps the
/// tokens: whatever a string contains, the output is valid JSON, and ASCII control characters, U+2028 and U+2029 are
/// escaped, so that a document is always a single line.
public struct Writer: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    public init(reservingCapacity capacity: Int) { bytes.reserveCapacity(capacity) }

    /// The text so far.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Containers

    public mutating func beginObject() { begin(UInt8(ascii: "{")) }

    public mutating func endObject() { end(UInt8(ascii: "}")) }

    public mutating func beginArray() { begin(UInt8(ascii: "[")) }

    public mutating func endArray() { end(UInt8(ascii: "]")) }

    public mutating func key(_ key: String) {
        separate()
        appendQuoted(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Values

    public mutating func string(_ string: String) {
        separate()
        appendQuoted(string)
        needsComma = true
    }

    public mutating func integer(_ integer: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(integer).utf8)
        needsComma = true
    }

    public mutating func boolean(_ boolean: Bool) {
        separate()
        bytes.append(contentsOf: (boolean ? "true" : "false").utf8)
        needsComma = true
    }

    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
        needsComma = true
    }

    /// Appends one value that is encoded already.
    public mutating func raw(_ encoded: [UInt8]) {
        separate()
        bytes.append(contentsOf: encoded)
        needsComma = true
    }

    /// Appends the base64 of `data` as a string.
    public mutating func base64(_ data: [UInt8]) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Base64.append(data, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Appends a value of a document: its exact text, without the members that ``DuplicateKeys/keepLast`` passed over.
    public mutating func value(_ value: Value) {
        let document = value.document
        guard document.hasSupersededMembers else {
            separate()
            bytes.append(contentsOf: document.bytes[value.sourceRange])
            needsComma = true
            return
        }
        let past = document.index(after: value.index)
        var index = value.index
        // Where the members of the objects that surround `index` end, outermost first, with what they are.
        var open: [(end: Int, isObject: Bool)] = []
        while index < past {
            if let innermost = open.last, index == innermost.end {
                innermost.isObject ? endObject() : endArray()
                open.removeLast()
                index += 1
                continue
            }
            if open.last?.isObject == true {
                guard !document.tape[index].superseded else {
                    index = document.index(after: index + 1)
                    continue
                }
                key(document.text(at: index))
                index += 1
            }
            let entry = document.tape[index]
            switch entry.kind {
            case .object:
                beginObject()
                open.append((entry.payload, true))
            case .array:
                beginArray()
                open.append((entry.payload, false))
            default:
                separate()
                bytes.append(contentsOf: document.bytes[Value(document: document, index: index).sourceRange])
                needsComma = true
            }
            index += 1
        }
    }

    // MARK: Tokens

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func appendQuoted(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        let text = string.utf8.span
        var position = Self.plainPrefix(text)
        if position == text.count {
            // Most strings: one copy.
            bytes.append(contentsOf: string.utf8)
            bytes.append(UInt8(ascii: "\""))
            return
        }
        for index in 0..<position { bytes.append(text[index]) }
        while position < text.count {
            let byte = text[position]
            // U+2028 and U+2029 are E2 80 A8 and E2 80 A9: line ends to JavaScript and to many a log reader.
            if byte == 0xE2, position + 2 < text.count, text[position + 1] == 0x80, text[position + 2] & 0xFE == 0xA8 {
                bytes.append(contentsOf: (text[position + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8)
                position += 3
                continue
            }
            appendEscaped(byte)
            position += 1
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// How many bytes at the beginning need no second look.
    private static func plainPrefix(_ text: borrowing Span<UInt8>) -> Int {
        var position = 0
        while position + 8 <= text.count, Word.specialBytes(Word.load(text, at: position)) == 0 { position += 8 }
        while position < text.count, isPlain(text[position]) { position += 1 }
        return position
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 0x0F)])
        default: bytes.append(byte)
        }
    }
}
