/// Turns the inside of a string into the text that it means.
enum StringDecoder {
    /// Decodes the bytes between the quotes of a string that ``StringScanner`` has accepted.
    ///
    /// Source: RFC 8259 section 7.
    static func decode(_ raw: Span<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(raw.count)
        var position = 0
        while position < raw.count {
            let byte = raw[position]
            guard byte == UInt8(ascii: "\\"), position + 1 < raw.count else {
                text.append(byte)
                position += 1
                continue
            }
            let escape = raw[position + 1]
            position += 2
            switch escape {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                let unit = codeUnit(raw, position)
                position += 4
                guard UTF16.isLeadSurrogate(unit) else {
                    append(UInt32(unit), to: &text)
                    continue
                }
                // The scanner has seen that `\u` and the other half follow.
                let trail = codeUnit(raw, position + 2)
                position += 6
                append(0x10000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(trail) & 0x3FF, to: &text)
            default: text.append(escape)
            }
        }
        return text
    }

    private static func codeUnit(_ raw: Span<UInt8>, _ start: Int) -> UInt16 {
        var unit: UInt16 = 0
        for index in start..<min(start + 4, raw.count) {
            unit = unit << 4 | UInt16(StringScanner.hexadecimalValue(raw[index]) ?? 0)
        }
        return unit
    }

    private static func append(_ value: UInt32, to text: inout [UInt8]) {
        switch value {
        case ..<0x80:
            text.append(UInt8(value))
        case ..<0x800:
            text.append(0xC0 | UInt8(value >> 6))
            text.append(0x80 | UInt8(value & 0x3F))
        case ..<0x10000:
            text.append(0xE0 | UInt8(value >> 12))
            text.append(0x80 | UInt8(value >> 6 & 0x3F))
            text.append(0x80 | UInt8(value & 0x3F))
        default:
            text.append(0xF0 | UInt8(value >> 18 & 0x07))
            text.append(0x80 | UInt8(value >> 12 & 0x3F))
            text.append(0x80 | UInt8(value >> 6 & 0x3F))
            text.append(0x80 | UInt8(value & 0x3F))
        }
    }
}
