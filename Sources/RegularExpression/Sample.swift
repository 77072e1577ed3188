extension Pattern {
    /// How often `x*` and its like repeat at most in a sample.
    public static let maximumSampleRepetition = 32
    /// The longest sample, in bytes.
    public static let maximumSampleLength = 64 << 10

    /// A text made at random that the pattern matches, if it asserts nothing about its surroundings.
    ///
    /// Negated sets are sampled from printable ASCII where it has members of them.
    /// - Parameter random: 64 random bits.
    /// - Returns: nil where the pattern makes too long a text, or has a set without members to be found.
    public func sample(random: () -> UInt64) -> String? {
        var text = ""
        return Self.append(syntax, to: &text, random) ? text : nil
    }

    private static func append(_ syntax: Syntax, to text: inout String, _ random: () -> UInt64) -> Bool {
        guard text.utf8.count <= maximumSampleLength else { return false }
        switch syntax {
        case .empty, .assertion: return true
        case .scalar(let value, _):
            guard let scalar = Unicode.Scalar(value) else { return false }
            text.unicodeScalars.append(scalar)
            return true
        case .anyScalar: return append(.set(ScalarSet([0x20...0x7E])), to: &text, random)
        case .set(let set):
            guard let scalar = set.sample(random) else { return false }
            text.unicodeScalars.append(scalar)
            return true
        case .group(let inner, _): return append(inner, to: &text, random)
        case .concatenation(let parts): return parts.allSatisfy { append($0, to: &text, random) }
        case .alternation(let choices): return append(choices[below(choices.count, random)], to: &text, random)
        case .repetition(let inner, let minimum, let maximum, _):
            let most = maximum ?? minimum + maximumSampleRepetition
            for _ in 0..<(minimum + below(most - minimum + 1, random)) {
                guard append(inner, to: &text, random) else { return false }
            }
            return true
        }
    }

    /// A number from 0 up to `count`, which is far below 2⁶⁴ so that no number is noticeably likelier.
    fileprivate static func below(_ count: Int, _ random: () -> UInt64) -> Int {
        Int(random() % UInt64(count))
    }
}

extension ScalarSet {
    fileprivate func sample(_ random: () -> UInt64) -> Unicode.Scalar? {
        let printable = (UInt32(0x20)...0x7E).filter(contains)
        if isNegated || ranges.isEmpty {
            return printable.isEmpty ? nil : Unicode.Scalar(printable[Pattern.below(printable.count, random)])
        }
        var index = Pattern.below(ranges.reduce(0) { $0 + $1.count }, random)
        for range in ranges {
            if index < range.count { return Unicode.Scalar(range.lowerBound + UInt32(index)) }
            index -= range.count
        }
        return nil
    }
}
