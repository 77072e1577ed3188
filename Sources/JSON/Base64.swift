/// Base64 with the standard alphabet, read strictly: one text for each sequence of bytes, and no other.
///
/// Source: RFC 4648 sections 3 and 4.
public enum Base64 {
    public static func encode(_ data: [UInt8]) -> String {
        var text: [UInt8] = []
        append(data, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes `text`.
    ///
    /// - Returns: nil for a character outside the alphabet (line ends included), missing or superfluous padding, and
    ///   bits in the last character that no byte takes.
    public static func decode(_ text: String) -> [UInt8]? {
        let text = Array(text.utf8)
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var data: [UInt8] = []
        data.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        for character in text.dropLast(padding) {
            guard let value = value(character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                data.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        return data
    }

    /// Appends the base64 of `data`.
    static func append(_ data: [UInt8], to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (data.count + 2) / 3 * 4)
        let alphabet = alphabet
        var position = 0
        while position < data.count {
            let available = min(3, data.count - position)
            var bits = UInt32(data[position]) << 16
            if available > 1 { bits |= UInt32(data[position + 1]) << 8 }
            if available > 2 { bits |= UInt32(data[position + 2]) }
            text.append(alphabet[Int(bits >> 18)])
            text.append(alphabet[Int(bits >> 12 & 0x3F)])
            text.append(available > 1 ? alphabet[Int(bits >> 6 & 0x3F)] : UInt8(ascii: "="))
            text.append(available > 2 ? alphabet[Int(bits & 0x3F)] : UInt8(ascii: "="))
            position += 3
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
