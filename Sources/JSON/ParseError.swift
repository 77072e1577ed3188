/// Why a text is not a JSON document, and where.
public struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable, CustomStringConvertible {
        case tooLong(limit: Int)
        case tooDeep(limit: Int)
        case unexpectedEnd
        case expected(String)
        case trailingText
        case invalidNumber
        case invalidUTF8
        case invalidEscape
        case loneSurrogate
        case controlCharacter
        case duplicateKey(String)

        public var description: String {
            switch self {
            case .tooLong(let limit): "more than \(limit) bytes"
            case .tooDeep(let limit): "more than \(limit) arrays and objects inside one another"
            case .unexpectedEnd: "unexpected end"
            case .expected(let what): "expected \(what)"
            case .trailingText: "text after the end of the document"
            case .invalidNumber: "malformed number"
            case .invalidUTF8: "invalid UTF-8"
            case .invalidEscape: "invalid escape sequence"
            case .loneSurrogate: "half of a surrogate pair"
            case .controlCharacter: "unescaped control character in a string"
            case .duplicateKey(let key): "duplicate key \(Self.quoted(key))"
            }
        }

        /// Long enough for any key that a person wrote; a hostile one must not fill a log line.
        private static let longestQuotedKey = 80

        private static func quoted(_ key: String) -> String {
            let start = String(String.UnicodeScalarView(key.unicodeScalars.prefix(longestQuotedKey)))
            var writer = Writer()
            writer.string(start.utf8.count < key.utf8.count ? start + "…" : key)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    public let reason: Reason
    /// Where in the text, in bytes from its start.
    public let offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// For example `duplicate key "image" at byte 123`.
    public var description: String { "\(reason) at byte \(offset)" }
}
