/// Finds the end of a string and checks everything inside it.
enum StringScanner {
    /// Scans from the first byte after the opening quote.
    ///
    /// Source: RFC 8259 section 7; Unicode 15 table 3-7 for well-formed UTF-8.
    /// - Returns: the closing quote's offset, and whether there are escape sequences.
    @inline(__always)
    static func scan(_ bytes: Span<UInt8>, from start: Int) throws(ParseError) -> (end: Int, escaped: Bool) {
        var position = start
        // Most strings are plain ASCII to their end: eight bytes at a time, until one needs a look.
        while position &+ 8 <= bytes.count {
            let special = Word.specialBytes(Word.load(bytes, at: position))
            guard special == 0 else {
                position &+= special.trailingZeroBitCount / 8
                if bytes[position] == UInt8(ascii: "\"") { return (position, false) }
                return try scanCarefully(bytes, from: position)
            }
            position &+= 8
        }
        return try scanCarefully(bytes, from: position)
    }

    private static func scanCarefully(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(ParseError) -> (end: Int, escaped: Bool) {
        var position = start
        var escaped = false
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                return (position, escaped)
            case UInt8(ascii: "\\"):
                escaped = true
                position = try scanEscape(bytes, position)
            case 0..<0x20:
                throw ParseError(.controlCharacter, at: position)
            case 0x80...:
                position = try scanMultibyte(bytes, position)
            default:
                position += 1
                while position + 8 <= bytes.count, Word.specialBytes(Word.load(bytes, at: position)) == 0 {
                    position += 8
                }
            }
        }
        throw ParseError(.unexpectedEnd, at: position)
    }

    private static func scanEscape(_ bytes: Span<UInt8>, _ start: Int) throws(ParseError) -> Int {
        guard start + 1 < bytes.count else { throw ParseError(.unexpectedEnd, at: bytes.count) }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            let unit = try scanCodeUnit(bytes, start)
            if UTF16.isTrailSurrogate(unit) { throw ParseError(.loneSurrogate, at: start) }
            guard UTF16.isLeadSurrogate(unit) else { return start + 6 }
            guard start + 7 < bytes.count, bytes[start + 6] == UInt8(ascii: "\\"), bytes[start + 7] == UInt8(ascii: "u")
            else { throw ParseError(.loneSurrogate, at: start) }
            guard UTF16.isTrailSurrogate(try scanCodeUnit(bytes, start + 6)) else {
                throw ParseError(.loneSurrogate, at: start)
            }
            return start + 12
        default:
            throw ParseError(.invalidEscape, at: start)
        }
    }

    /// The four digits of the `\uXXXX` at `start`.
    private static func scanCodeUnit(_ bytes: Span<UInt8>, _ start: Int) throws(ParseError) -> UInt16 {
        guard start + 6 <= bytes.count else { throw ParseError(.unexpectedEnd, at: bytes.count) }
        var unit: UInt16 = 0
        for index in (start + 2)..<(start + 6) {
            guard let digit = hexadecimalValue(bytes[index]) else { throw ParseError(.invalidEscape, at: start) }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    private static func scanMultibyte(_ bytes: Span<UInt8>, _ start: Int) throws(ParseError) -> Int {
        let lead = bytes[start]
        let length: Int
        // The second byte's range is what excludes overlong forms, surrogates and anything above U+10FFFF.
        let second: ClosedRange<UInt8>
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw ParseError(.invalidUTF8, at: start)
        }
        guard start + length <= bytes.count, second.contains(bytes[start + 1]) else {
            throw ParseError(.invalidUTF8, at: start)
        }
        for index in (start + 2)..<(start + length) where bytes[index] & 0xC0 != 0x80 {
            throw ParseError(.invalidUTF8, at: start)
        }
        return start + length
    }

    @inline(__always)
    static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
