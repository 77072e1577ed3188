import JSON

/// Cuts a query into tokens.
///
/// Source: JMESPath specification, "Grammar".
struct Lexer {
    private let text: [UInt8]
    private var position = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    static func tokens(of text: String) throws(QueryError) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while let token = try lexer.next() { tokens.append(token) }
        tokens.append(Token(kind: .end, offset: lexer.text.count))
        return tokens
    }

    private mutating func next() throws(QueryError) -> Token? {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
        guard let byte = peek() else { return nil }
        let offset = position
        return Token(kind: try kind(startingWith: byte), offset: offset)
    }

    private mutating func kind(startingWith byte: UInt8) throws(QueryError) -> Token.Kind {
        if Self.startsIdentifier(byte) { return .identifier(identifier()) }
        if byte == UInt8(ascii: "-") || Self.isDigit(byte) { return .integer(try integer()) }
        let offset = position
        position += 1
        switch byte {
        case UInt8(ascii: "."): return .dot
        case UInt8(ascii: "*"): return .star
        case UInt8(ascii: "]"): return .rightBracket
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: ":"): return .colon
        case UInt8(ascii: "{"): return .leftBrace
        case UInt8(ascii: "}"): return .rightBrace
        case UInt8(ascii: "("): return .leftParenthesis
        case UInt8(ascii: ")"): return .rightParenthesis
        case UInt8(ascii: "@"): return .current
        case UInt8(ascii: "["):
            if take(UInt8(ascii: "?")) { return .filter }
            return take(UInt8(ascii: "]")) ? .flatten : .leftBracket
        case UInt8(ascii: "|"): return take(UInt8(ascii: "|")) ? .or : .pipe
        case UInt8(ascii: "&"): return take(UInt8(ascii: "&")) ? .and : .reference
        case UInt8(ascii: "!"): return take(UInt8(ascii: "=")) ? .comparison(.notEqual) : .not
        case UInt8(ascii: "<"): return .comparison(take(UInt8(ascii: "=")) ? .lessOrEqual : .less)
        case UInt8(ascii: ">"): return .comparison(take(UInt8(ascii: "=")) ? .greaterOrEqual : .greater)
        case UInt8(ascii: "="):
            guard take(UInt8(ascii: "=")) else {
                throw QueryError(.syntax, "\"=\" is no operator; equality is \"==\"", at: offset)
            }
            return .comparison(.equal)
        case UInt8(ascii: "\""): return .quotedIdentifier(try quotedIdentifier(from: offset))
        case UInt8(ascii: "'"): return .literal(.string(try rawString(from: offset)))
        case UInt8(ascii: "`"): return .literal(try literal(from: offset))
        default:
            let rest = String(decoding: text[offset...], as: UTF8.self).unicodeScalars.first.map(String.init) ?? ""
            throw QueryError(.syntax, "unexpected character \"\(rest)\"", at: offset)
        }
    }

    // MARK: Words

    private mutating func identifier() -> String {
        let start = position
        while let byte = peek(), Self.startsIdentifier(byte) || Self.isDigit(byte) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func integer() throws(QueryError) -> Int {
        let start = position
        position += 1
        while let byte = peek(), Self.isDigit(byte) { position += 1 }
        guard let integer = Int(String(decoding: text[start..<position], as: UTF8.self)) else {
            throw QueryError(.syntax, "not an integer that an array could have as an index", at: start)
        }
        return integer
    }

    /// The bytes up to the next `quote` that no backslash precedes; leaves `position` behind the quote.
    private mutating func quoted(by quote: UInt8, from start: Int) throws(QueryError) -> ArraySlice<UInt8> {
        let first = position
        while let byte = peek() {
            if byte == quote {
                position += 1
                return text[first..<(position - 1)]
            }
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw QueryError(.syntax, "no closing \(String(decoding: [quote], as: UTF8.self))", at: start)
    }

    /// A quoted identifier is spelled as a JSON string.
    private mutating func quotedIdentifier(from start: Int) throws(QueryError) -> String {
        _ = try quoted(by: UInt8(ascii: "\""), from: start)
        do {
            let document = try Document(Array(text[start..<position]))
            return document.root.string ?? ""
        } catch {
            throw QueryError(.syntax, "a quoted name is written as a JSON string: \(error.reason)", at: start)
        }
    }

    /// In a raw string a backslash stands for itself, but before a quote.
    private mutating func rawString(from start: Int) throws(QueryError) -> String {
        let bytes = try quoted(by: UInt8(ascii: "'"), from: start)
        return String(decoding: Self.unescape(UInt8(ascii: "'"), in: bytes), as: UTF8.self)
    }

    private mutating func literal(from start: Int) throws(QueryError) -> Node {
        let bytes = try quoted(by: UInt8(ascii: "`"), from: start)
        do {
            return .json(try Document(Self.unescape(UInt8(ascii: "`"), in: bytes)).root)
        } catch {
            throw QueryError(
                .syntax, "a literal is JSON between backticks (text is '…' instead): \(error.reason)", at: start)
        }
    }

    private static func unescape(_ quote: UInt8, in bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = bytes.startIndex
        while position < bytes.endIndex {
            let next = position + 1
            if bytes[position] == UInt8(ascii: "\\"), next < bytes.endIndex {
                if bytes[next] != quote { result.append(bytes[position]) }
                result.append(bytes[next])
                position += 2
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }

    // MARK: Bytes

    private func peek() -> UInt8? { position < text.count ? text[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private static func startsIdentifier(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
