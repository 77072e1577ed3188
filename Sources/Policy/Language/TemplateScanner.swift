/// Takes a text apart into what stands for itself and what stands between `{{` and `}}`.
///
/// Variables nest. `\{{` stands for `{{`.
struct TemplateScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// How deep variables may nest: one level more than anybody has been seen to write says it all.
    static let maximumDepth = 8

    private static let open = Array("{{".utf8)
    private static let close = Array("}}".utf8)
    private static let escapedOpen = Array("\\{{".utf8)

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// The parts of a text in which variables may stand.
    static func parts(of text: String) throws(TemplateError) -> [TextTemplate.Part] {
        var scanner = TemplateScanner(text)
        var parts: [TextTemplate.Part] = []
        var plain: [UInt8] = []
        while scanner.position < scanner.bytes.count {
            if scanner.takesEscape(into: &plain) { continue }
            guard scanner.takes(Self.open) else {
                plain.append(scanner.next())
                continue
            }
            if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
            plain = []
            parts.append(.variable(try scanner.variable()))
        }
        if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
        return parts
    }

    /// The pieces of a text that is a query as a whole, as `jmesPath` fields hold it.
    static func query(_ text: String) throws(TemplateError) -> Variable {
        var scanner = TemplateScanner(text)
        let pieces = try scanner.pieces(isClosed: false)
        return try Variable(text: text, pieces: pieces)
    }

    /// The variable behind a `{{`, and past its `}}`.
    private mutating func variable() throws(TemplateError) -> Variable {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw TemplateError("variables are nested more than \(Self.maximumDepth) deep")
        }
        let start = position
        let pieces = try pieces(isClosed: true)
        let text = String(decoding: bytes[start..<(position - 2)], as: UTF8.self)
        return try Variable(text: text.trimmingSpaces(), pieces: pieces)
    }

    /// The pieces of a query, up to and past its `}}`, or up to the end of the text.
    private mutating func pieces(isClosed: Bool) throws(TemplateError) -> [QueryPiece] {
        var builder = QueryPieceBuilder()
        // Braces of multi-select hashes.
        var braces = 0
        while position < bytes.count {
            if takesEscape(into: &builder.text) { continue }
            if takes(Self.open) {
                builder.hole(try variable())
                continue
            }
            if isClosed && braces == 0 && !builder.isQuoted && takes(Self.close) { return try builder.finished() }
            let byte = next()
            if builder.isQuoted && byte == UInt8(ascii: "\\") && position < bytes.count {
                builder.append(byte)
                builder.append(next())
                continue
            }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): builder.quote(byte)
            case UInt8(ascii: "{") where !builder.isQuoted:
                braces += 1
                builder.append(byte)
            case UInt8(ascii: "}") where !builder.isQuoted:
                braces -= 1
                builder.append(byte)
            default: builder.append(byte)
            }
        }
        guard !isClosed else { throw TemplateError("a variable is opened by {{ and not closed by }}") }
        return try builder.finished()
    }

    private mutating func next() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func takes(_ mark: [UInt8]) -> Bool {
        guard bytes[position...].starts(with: mark) else { return false }
        position += mark.count
        return true
    }

    private mutating func takesEscape(into plain: inout [UInt8]) -> Bool {
        guard takes(Self.escapedOpen) else { return false }
        plain += Self.open
        return true
    }
}

extension String {
    /// Without the white space at both ends.
    func trimmingSpaces() -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let trimmed = utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        return String(decoding: Array(trimmed), as: UTF8.self)
    }
}
