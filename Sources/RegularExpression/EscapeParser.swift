/// Escapes that stand for one character.
extension SyntaxParser {
    mutating func escapedScalar() throws(PatternError) -> UInt32 {
        let start = position
        position += 1
        guard let character = peek() else { throw PatternError("a backslash ends the pattern", at: start) }
        position += 1
        switch character {
        case "a": return 0x07
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        case "x": return try hexadecimal(from: start)
        case "0": return octal()
        case "1"..."7":
            // `\12` is octal, `\1` would be a reference to a group.
            guard let next = peek(), ("0"..."7").contains(next) else {
                throw PatternError("backreferences cannot be matched in linear time, and are not supported", at: start)
            }
            return octal()
        case "8", "9", "k", "g":
            throw PatternError("backreferences cannot be matched in linear time, and are not supported", at: start)
        case "Z", "G", "K", "R", "X", "h", "H", "C", "N", "E":
            throw PatternError("\\\(character) is not supported", at: start)
        default:
            guard character.isASCII, !character.isLetter, !character.isNumber else {
                throw PatternError("\\\(character) means nothing", at: start)
            }
            return scalars[position - 1]
        }
    }

    /// The digit just taken, and up to two more.
    private mutating func octal() -> UInt32 {
        var value = scalars[position - 1] - 0x30
        for _ in 0..<2 {
            guard let digit = peek(), ("0"..."7").contains(digit) else { break }
            value = value * 8 + scalars[position] - 0x30
            position += 1
        }
        return value
    }

    /// `\x7F` or `\x{10FFFF}`.
    private mutating func hexadecimal(from start: Int) throws(PatternError) -> UInt32 {
        var text = ""
        if take("{") {
            while let digit = peek(), digit.isASCII, digit.isHexDigit, text.count < 8 {
                text.append(digit)
                position += 1
            }
            guard take("}") else { throw PatternError("\\x{…} is malformed", at: start) }
        } else {
            for _ in 0..<2 {
                guard let digit = peek(), digit.isASCII, digit.isHexDigit else { break }
                text.append(digit)
                position += 1
            }
            guard text.count == 2 else { throw PatternError("\\x needs two hexadecimal digits", at: start) }
        }
        guard let value = UInt32(text, radix: 16), value <= ScalarSet.maximumScalar else {
            throw PatternError("\\x{\(text)} is no character", at: start)
        }
        return value
    }
}
