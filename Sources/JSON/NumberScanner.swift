/// Finds the end of a number and checks its grammar. The text is the value: nothing is converted, so nothing is lost.
enum NumberScanner {
    /// Scans from a `-` or a digit.
    ///
    /// Source: RFC 8259 section 6.
    /// - Returns: the offset after the number's last byte.
    static func scan(_ bytes: Span<UInt8>, from start: Int) throws(ParseError) -> Int {
        var position = start
        if bytes[position] == UInt8(ascii: "-") { position += 1 }

        // No leading zeros: a zero stands alone.
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            position = try skipDigits(bytes, position, of: start)
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position = try skipDigits(bytes, position + 1, of: start)
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            position = try skipDigits(bytes, position, of: start)
        }
        // "01", "1a": refused here, where the reason is plain, and not as "expected ','".
        if position < bytes.count, isNumberByte(bytes[position]) { throw ParseError(.invalidNumber, at: start) }
        return position
    }

    /// Skips digits, of which there must be one at least.
    private static func skipDigits(_ bytes: Span<UInt8>, _ first: Int, of start: Int) throws(ParseError) -> Int {
        var position = first
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > first else { throw ParseError(.invalidNumber, at: start) }
        return position
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
