/// A path to a value inside a document, such as `/spec/containers/0/image`.
///
/// Source: RFC 6901.
public struct Pointer: Sendable, Hashable, CustomStringConvertible {
    /// The path's steps, decoded: keys, and indexes in decimal.
    public var tokens: [String]

    /// The pointer to the whole document.
    public init() { tokens = [] }

    public init(tokens: [String]) { self.tokens = tokens }

    /// Why a text is not a pointer.
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case noLeadingSlash(String)
        case invalidEscape(String)

        public var description: String {
            switch self {
            case .noLeadingSlash(let text): "JSON pointer \"\(text)\" does not start with '/'"
            case .invalidEscape(let text): "JSON pointer \"\(text)\" has a '~' that neither '0' nor '1' follows"
            }
        }
    }

    /// Reads the string form: empty for the whole document, otherwise a `/` before each step.
    ///
    /// - Throws: ``Failure``
    public init(parsing text: String) throws(Failure) {
        tokens = []
        guard !text.isEmpty else { return }
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noLeadingSlash(text) }
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            var token: [UInt8] = []
            var bytes = part.makeIterator()
            while let byte = bytes.next() {
                guard byte == UInt8(ascii: "~") else {
                    token.append(byte)
                    continue
                }
                switch bytes.next() {
                case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
                default: throw .invalidEscape(text)
                }
            }
            tokens.append(String(decoding: token, as: UTF8.self))
        }
    }

    public func appending(_ key: String) -> Pointer { Pointer(tokens: tokens + [key]) }

    public func appending(_ index: Int) -> Pointer { appending(String(index)) }

    /// The string form, with `~` and `/` inside a step escaped.
    public var description: String {
        var text: [UInt8] = []
        for token in tokens {
            text.append(UInt8(ascii: "/"))
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): text += "~0".utf8
                case UInt8(ascii: "/"): text += "~1".utf8
                default: text.append(byte)
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    // Keys are compared byte for byte. `String` would take "é" in its two spellings for one key.
    public static func == (one: Pointer, other: Pointer) -> Bool {
        one.tokens.elementsEqual(other.tokens) { $0.utf8.elementsEqual($1.utf8) }
    }

    public func hash(into hasher: inout Hasher) {
        // Equal bytes are equal strings; what else `String` takes to be equal only collides.
        hasher.combine(tokens)
    }

    /// A step as an array index: decimal, without sign and without leading zeros. Nil for anything else.
    static func index(_ token: String) -> Int? {
        guard token.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        guard token.utf8.count == 1 || token.utf8.first != UInt8(ascii: "0") else { return nil }
        return Int(token)
    }
}

extension Value {
    /// The value that `pointer` leads to from here; nil where there is none.
    public func value(at pointer: Pointer) -> Value? {
        var value = self
        for token in pointer.tokens {
            let next: Value? =
                switch value.kind {
                case .object: value[token]
                case .array: Pointer.index(token).flatMap { value[$0] }
                default: nil
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }
}
