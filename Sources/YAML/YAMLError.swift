/// Why a text is not YAML that means something in JSON, and where.
public struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable, CustomStringConvertible {
        case tooLong(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case expandsTooFar(limit: Int)
        case tooManyDirectives(limit: Int)
        case invalidUTF8
        case syntax(String)
        case duplicateKey(String)
        case keyNotScalar
        case keyNotText(String)
        case collectionKeyBesideAliases
        case mergeOfNoMapping
        case keyBeforeMerge(String)
        case notFinite(String)
        case integerTooLarge(String)
        case tagMismatch(text: String, tag: String)
        case unsupportedTag(String)

        public var description: String {
            switch self {
            case .tooLong(let limit): "more than \(limit) bytes of YAML"
            case .tooDeep(let limit): "more than \(limit) lists and mappings inside one another"
            case .tooManyValues(let limit): "more than \(limit) keys and values, with what aliases repeat"
            case .expandsTooFar(let limit): "aliases unfold to more than \(limit) bytes"
            case .tooManyDirectives(let limit): "more than \(limit) directives"
            case .invalidUTF8: "invalid UTF-8"
            case .syntax(let problem): problem
            case .duplicateKey(let key): "duplicate key \"\(key)\""
            case .keyNotScalar: "a list or mapping as a key"
            case .keyNotText(let key): "the key \(key) must be in quotes"
            case .collectionKeyBesideAliases: "a key that is an alias, a list or a mapping, in a text with aliases"
            case .mergeOfNoMapping: "\"<<\" needs a mapping or a list of mappings"
            case .keyBeforeMerge(let key):
                "\"<<\" brings the key \"\(key)\", which is given before it; put \"<<\" first"
            case .notFinite(let text): "\(text) is not a number that JSON has"
            case .integerTooLarge(let text): "\(text) has more than 64 bits; write it in decimal"
            case .tagMismatch(let text, let tag): "\"\(text)\" is not a value of the tag \(tag)"
            case .unsupportedTag(let tag): "unsupported tag \(tag)"
            }
        }
    }

    public let reason: Reason
    /// Counted from 1; nil where the reason belongs to the whole text.
    public let line: Int?
    /// In characters, counted from 1.
    public let column: Int?

    public init(_ reason: Reason, line: Int? = nil, column: Int? = nil) {
        self.reason = reason
        self.line = line
        self.column = column
    }

    /// For example `line 3, column 5: duplicate key "image"`.
    public var description: String {
        guard let line else { return reason.description }
        guard let column else { return "line \(line): \(reason)" }
        return "line \(line), column \(column): \(reason)"
    }
}
