/// Looks through a text for what must not reach the YAML library, because it would take too long there.
///
/// An alias inside a key: Yams hashes every key of a mapping. Where a key is a list of aliases of lists of aliases, the
/// hash takes time exponential in the text's length, before we get to see a node. Kubernetes has no use for such keys,
/// so a text that has aliases at all may not have a key that is an alias, a list or a mapping.
///
/// Directives: each is compared with all those before it.
///
/// The screen does not parse: in a text with aliases it may take a comment or a string for such a key, which is why its
/// error says where.
enum Screen {
    /// One version and a handful of tag handles are what a document can use.
    private static let maximumDirectives = 100

    static func check(_ text: [UInt8]) throws(YAMLError) {
        try checkDirectives(text)
        if hasAlias(text) { try checkKeys(text) }
    }

    private static func checkDirectives(_ text: [UInt8]) throws(YAMLError) {
        var directives = 0
        for index in text.indices where text[index] == UInt8(ascii: "%") {
            guard index == 0 || text[index - 1] < 0x20 || text[index - 1] >= 0x80 else { continue }
            directives += 1
            guard directives <= maximumDirectives else { throw YAMLError(.tooManyDirectives(limit: maximumDirectives)) }
        }
    }

    private static func checkKeys(_ text: [UInt8]) throws(YAMLError) {
        var line = 1
        var lineStart = 0
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "\n"):
                line += 1
                lineStart = index + 1
            case UInt8(ascii: "?") where startsToken(text, index),
                UInt8(ascii: "*") where startsToken(text, index) && isKey(text, afterNameAt: index + 1),
                UInt8(ascii: "]") where isKey(text, index + 1),
                UInt8(ascii: "}") where isKey(text, index + 1):
                let column = String(decoding: text[lineStart..<index], as: UTF8.self).unicodeScalars.count + 1
                throw YAMLError(.collectionKeyBesideAliases, line: line, column: column)
            default: break
            }
        }
    }

    private static func hasAlias(_ text: [UInt8]) -> Bool {
        text.indices.contains { index in
            text[index] == UInt8(ascii: "*") && startsToken(text, index) && index + 1 < text.count
                && isName(text[index + 1])
        }
    }

    /// Whether a token may start here: after space, an indicator, or a line break of which UTF-8 has several.
    private static func startsToken(_ text: [UInt8], _ index: Int) -> Bool {
        guard index > 0 else { return true }
        switch text[index - 1] {
        case ...0x20, 0x80..., UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":"),
            UInt8(ascii: "?"), UInt8(ascii: "-"):
            return true
        default: return false
        }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isKey(_ text: [UInt8], afterNameAt start: Int) -> Bool {
        var index = start
        while index < text.count, isName(text[index]) { index += 1 }
        return index > start && isKey(text, index)
    }

    /// Whether a colon follows, perhaps after space. A key ends on the line on which it starts.
    private static func isKey(_ text: [UInt8], _ start: Int) -> Bool {
        var index = start
        while index < text.count, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
        return index < text.count && text[index] == UInt8(ascii: ":")
    }
}
