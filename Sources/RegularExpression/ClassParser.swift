/// `[…]`, and the escapes that stand for sets.
extension SyntaxParser {
    mutating func characterClass(ignoringCase: Bool) throws(PatternError) -> ScalarSet {
        let start = position
        position += 1
        var set = ScalarSet()
        let isNegated = take("^")
        var isFirst = true
        while isFirst || peek() != "]" {
            guard peek() != nil else { throw PatternError("a character class is not closed", at: start) }
            isFirst = false
            if let named = try namedClass() {
                set.insert(named)
            } else if let escaped = try classEscape() {
                set.insert(escaped)
            } else {
                set.insert(try range())
            }
        }
        position += 1
        set.finish(negated: isNegated, ignoringCase: ignoringCase)
        return set
    }

    private mutating func range() throws(PatternError) -> ClosedRange<UInt32> {
        let start = position
        let low = try classScalar()
        guard peek() == "-", let next = peek(1), next != "]" else { return low...low }
        position += 1
        let high = try classScalar()
        guard low <= high else { throw PatternError("a range ends before it begins", at: start) }
        return low...high
    }

    private mutating func classScalar() throws(PatternError) -> UInt32 {
        guard peek() == "\\" else {
            guard position < scalars.count else { throw PatternError("a character class is not closed", at: position) }
            position += 1
            return scalars[position - 1]
        }
        return try escapedScalar()
    }

    /// `[:alpha:]` and so on, inside of a class.
    private mutating func namedClass() throws(PatternError) -> ScalarSet? {
        let start = position
        guard take("[:") else { return nil }
        let isNegated = take("^")
        var name = ""
        while let character = peek(), character.isLetter {
            name.append(character)
            position += 1
        }
        guard take(":]") else {
            // Not such a name at all: the bracket is a character of the class.
            position = start
            return nil
        }
        guard let ranges = Self.namedRanges[name] else { throw PatternError("[:\(name):] is no class", at: start) }
        return ScalarSet(ranges, negated: isNegated)
    }

    /// `\d`, `\pL` and so on; nil where no such escape begins.
    mutating func classEscape() throws(PatternError) -> ScalarSet? {
        let start = position
        for (name, ranges) in Self.perlRanges {
            if take("\\" + name) { return ScalarSet(ranges) }
            if take("\\" + name.uppercased()) { return ScalarSet(ranges, negated: true) }
        }
        var isNegated = take(#"\P"#)
        guard isNegated || take(#"\p"#) else { return nil }
        var name = ""
        if take("{") {
            if take("^") { isNegated.toggle() }
            while let character = peek(), character != "}" {
                name.append(character)
                position += 1
            }
            guard take("}") else { throw PatternError("a class's name is not closed", at: start) }
        } else if let character = peek() {
            name = String(character)
            position += 1
        }
        guard let category = CategorySet(named: name, negated: isNegated) else {
            throw PatternError(
                "\\p{\(name)} is not supported; classes are general categories, such as L, Lu or Nd", at: start)
        }
        return ScalarSet(category)
    }

    private static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    private static let upper: [ClosedRange<UInt32>] = [0x41...0x5A]
    private static let lower: [ClosedRange<UInt32>] = [0x61...0x7A]
    private static let word = digits + upper + lower + [0x5F...0x5F]

    private static let perlRanges: [(String, [ClosedRange<UInt32>])] = [
        ("d", digits), ("w", word), ("s", [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]),
    ]

    private static let namedRanges: [String: [ClosedRange<UInt32>]] = [
        "alnum": digits + upper + lower, "alpha": upper + lower, "ascii": [0x00...0x7F],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0x00...0x1F, 0x7F...0x7F], "digit": digits,
        "graph": [0x21...0x7E], "lower": lower, "print": [0x20...0x7E],
        "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E], "space": [0x09...0x0D, 0x20...0x20],
        "upper": upper, "word": word, "xdigit": digits + [0x41...0x46, 0x61...0x66],
    ]
}
