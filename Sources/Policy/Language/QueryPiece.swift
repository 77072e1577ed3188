import JMESPath
import JSON

/// A piece of a query that has variables inside.
///
/// What a variable yields gets into the query as a name or inside a quoted literal, encoded for that place, and in no
/// other way: data cannot change what a query does.
enum QueryPiece: Sendable {
    enum Part: Sendable {
        case text(String)
        case variable(Variable)
    }

    /// Query text as written.
    case text(String)
    /// A name made of parts: `keys.data.{{ x }}`, `keys.data."{{ x }}.pub"`.
    case name([Part])
    /// The number of an element: `list[{{ x }}]`.
    case index(Variable)
    /// A raw string: `'{{ x }}'`.
    case string([Part])
    /// A JSON literal, in backticks.
    case literal([Part])
}

extension QueryPiece {
    /// What stands for a name while a query is parsed to see whether it is one. No data can be named by it.
    static let placeholder = "\u{1}placeholder"

    /// The piece as query text, where each variable yields what `value` says.
    func text(_ value: (Variable) throws(RuleFailure) -> Node) throws(RuleFailure) -> String {
        switch self {
        case .text(let text): return text
        case .name(let parts): return Self.quoted(try Self.join(parts, value))
        case .index(let variable): return try Self.index(try value(variable), variable)
        // JSON has an escape for every character, and raw strings have not.
        case .string(let parts): return "`" + Self.withoutBackticks(Self.quoted(try Self.join(parts, value))) + "`"
        case .literal(let parts): return try Self.literal(parts, value)
        }
    }

    private static func join(
        _ parts: [Part], _ value: (Variable) throws(RuleFailure) -> Node
    ) throws(RuleFailure) -> String {
        var joined = ""
        for part in parts {
            switch part {
            case .text(let text): joined += text
            case .variable(let variable): joined += try value(variable).templateText
            }
        }
        return joined
    }

    private static func index(_ node: Node, _ variable: Variable) throws(RuleFailure) -> String {
        if let index = node.number?.integer { return String(index) }
        if let text = node.string, let index = Int(text) { return String(index) }
        throw RuleFailure("{{ \(variable.text) }} stands for the number of an element, and yields no whole number")
    }

    private static func literal(
        _ parts: [Part], _ value: (Variable) throws(RuleFailure) -> Node
    ) throws(RuleFailure) -> String {
        var literal = "`"
        var isInString = false
        for part in parts {
            switch part {
            case .text(let text):
                literal += text
                isInString = endsInString(text, from: isInString)
            case .variable(let variable):
                let node = try value(variable)
                let encoded = isInString ? String(quoted(node.templateText).dropFirst().dropLast()) : node.json
                literal += withoutBackticks(encoded)
            }
        }
        return literal + "`"
    }

    /// Whether JSON that begins inside or outside of a string ends in one.
    private static func endsInString(_ json: String, from start: Bool) -> Bool {
        var isInString = start
        var isEscaped = false
        for byte in json.utf8 {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            }
        }
        return isInString
    }

    private static func quoted(_ text: String) -> String {
        var writer = Writer()
        writer.string(text)
        return writer.text
    }

    /// Backticks stand in JSON inside strings only, where they have another spelling.
    private static func withoutBackticks(_ json: String) -> String { json.replacing("`", with: "\\u0060") }
}

extension Node {
    /// The value as part of a text: a string as it is, anything else as JSON.
    var templateText: String { string ?? json }
}

/// Gathers the pieces of one query.
struct QueryPieceBuilder {
    private var pieces: [QueryPiece] = []
    /// What has been read since the last piece, or since the last variable of ``parts``.
    var text: [UInt8] = []
    /// The quotation mark that is open.
    private var mark: UInt8?
    /// Parts of an open quotation, or of a name that begins with a variable.
    private var parts: [QueryPiece.Part] = []
    /// Whether ``parts`` are of a name outside of quotation marks.
    private var isInName = false

    var isQuoted: Bool { mark != nil }

    mutating func append(_ byte: UInt8) {
        if isInName && !Self.isNameByte(byte) { endName() }
        text.append(byte)
    }

    /// A quotation mark outside of any, or one inside: the same closes it.
    mutating func quote(_ byte: UInt8) {
        guard let mark else {
            if isInName { endName() }
            // Kept aside, because only the end tells whether there is a variable inside.
            flush()
            self.mark = byte
            return
        }
        guard mark == byte else { return text.append(byte) }
        self.mark = nil
        if parts.isEmpty {
            text = [mark] + text + [mark]
            return
        }
        endPart()
        let written = parts
        parts = []
        switch mark {
        case UInt8(ascii: "'"): pieces.append(.string(written.map { $0.mapText(Self.unescapedRawString) }))
        case UInt8(ascii: "\""): pieces.append(.name(written.map { $0.mapText(Self.unescapedIdentifier) }))
        default: pieces.append(.literal(written))
        }
    }

    mutating func hole(_ variable: Variable) {
        if mark == nil && !isInName {
            // What stands before it without a gap is the beginning of the name.
            let prefix = text.reversed().prefix(while: Self.isNameByte).reversed()
            text.removeLast(prefix.count)
            flush()
            isInName = true
            text = Array(prefix)
        }
        endPart()
        parts.append(.variable(variable))
    }

    mutating func finished() throws(TemplateError) -> [QueryPiece] {
        if let mark {
            // The parser says what is wrong with it.
            text = [mark] + text
            parts = []
            self.mark = nil
        }
        if isInName { endName() }
        flush()
        return Self.withIndexes(pieces)
    }

    private mutating func endName() {
        endPart()
        pieces.append(.name(parts))
        parts = []
        isInName = false
    }

    private mutating func endPart() {
        if !text.isEmpty { parts.append(.text(String(decoding: text, as: UTF8.self))) }
        text = []
    }

    private mutating func flush() {
        if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
        text = []
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A lone variable between brackets or colons is the number of an element.
    private static func withIndexes(_ pieces: [QueryPiece]) -> [QueryPiece] {
        pieces.enumerated().map { position, piece in
            guard case .name(let parts) = piece, parts.count == 1, case .variable(let variable) = parts[0],
                position > 0, position + 1 < pieces.count, case .text(let before) = pieces[position - 1],
                case .text(let after) = pieces[position + 1],
                let opening = before.trimmingSpaces().utf8.last, let closing = after.trimmingSpaces().utf8.first,
                [UInt8(ascii: "["), UInt8(ascii: ":")].contains(opening),
                [UInt8(ascii: "]"), UInt8(ascii: ":")].contains(closing)
            else { return piece }
            return .index(variable)
        }
    }

    /// In raw strings only the quotation mark has an escape.
    private static func unescapedRawString(_ text: String) -> String { text.replacing("\\'", with: "'") }

    private static func unescapedIdentifier(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")), let document = try? Document(Array("\"\(text)\"".utf8)) else {
            return text
        }
        return document.root.string ?? text
    }
}

extension QueryPiece.Part {
    func mapText(_ change: (String) -> String) -> QueryPiece.Part {
        if case .text(let text) = self { return .text(change(text)) }
        return self
    }
}
