/// One challenge of a `WWW-Authenticate` header.
///
/// Source: RFC 9110, section 11.6.1.
struct Challenge: Sendable, Equatable {
    /// In lower case.
    let scheme: String
    /// By name in lower case.
    var parameters: [String: String] = [:]

    /// Reads header values, each with one or more challenges. What is malformed is passed over: a challenge that lacks
    /// what it needs is one that cannot be answered.
    static func parse(_ values: [String]) -> [Challenge] {
        values.flatMap { value in
            var scanner = Scanner(bytes: Array(value.utf8))
            return scanner.challenges()
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        mutating func challenges() -> [Challenge] {
            var challenges: [Challenge] = []
            while true {
                // Stray `=` are the padding of an old-style credential.
                skip { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "=") || Self.isBlank($0) }
                let word = take(while: Self.isTokenByte)
                guard !word.isEmpty else { return challenges }
                skip(while: Self.isBlank)
                // A word and `=` is a parameter of the challenge before it, a word alone begins a challenge.
                if peek == UInt8(ascii: "=") {
                    position += 1
                    skip(while: Self.isBlank)
                    let value = peek == UInt8(ascii: "\"") ? quotedString() : take(while: Self.isTokenByte)
                    if !challenges.isEmpty, challenges[challenges.count - 1].parameters[word.lowercased()] == nil {
                        challenges[challenges.count - 1].parameters[word.lowercased()] = value
                    }
                } else {
                    challenges.append(Challenge(scheme: word.lowercased()))
                }
            }
        }

        private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func skip(while predicate: (UInt8) -> Bool) {
            while let byte = peek, predicate(byte) { position += 1 }
        }

        private mutating func take(while predicate: (UInt8) -> Bool) -> String {
            let start = position
            skip(while: predicate)
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func quotedString() -> String {
            position += 1
            var text: [UInt8] = []
            while let byte = peek {
                position += 1
                if byte == UInt8(ascii: "\"") { break }
                if byte == UInt8(ascii: "\\"), let escaped = peek {
                    text.append(escaped)
                    position += 1
                } else {
                    text.append(byte)
                }
            }
            return String(decoding: text, as: UTF8.self)
        }

        private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        /// Everything that is no delimiter: generous, because some registries leave URLs unquoted.
        private static func isTokenByte(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "=")
                && byte != UInt8(ascii: "\"")
        }
    }
}
