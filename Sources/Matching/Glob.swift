/// A pattern as policies write them: `*` stands for any run of characters, `?` for exactly one.
///
/// Both cross `/`; the pattern is anchored at both ends, case-sensitive and has no escapes. A character is a Unicode
/// scalar, and text is compared byte for byte, as Kubernetes does: two spellings that Swift calls equal stay
/// different.
///
/// Source: spec/verify-images.md, "Which requests a rule looks at".
public struct Glob: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as written.
    public let pattern: String
    /// The pattern's bytes, each run of wildcards that holds a `*` written as one `*` and then the run's `?`. There
    /// are no escapes, so the bytes are the program.
    private let program: [UInt8]
    private let isLiteral: Bool

    public static let star = UInt8(ascii: "*")
    public static let question = UInt8(ascii: "?")

    public init(_ pattern: String) {
        self.pattern = pattern
        var program: [UInt8] = []
        program.reserveCapacity(pattern.utf8.count)
        for byte in pattern.utf8 {
            guard byte == Self.star else {
                program.append(byte)
                continue
            }
            var runStart = program.endIndex
            while runStart > 0, program[runStart - 1] == Self.question { runStart -= 1 }
            if runStart == 0 || program[runStart - 1] != Self.star { program.insert(Self.star, at: runStart) }
        }
        self.program = program
        isLiteral = !program.contains { $0 == Self.star || $0 == Self.question }
    }

    public var description: String { pattern }

    /// Whether the pattern has `*` or `?`.
    public static func isPattern(_ text: some StringProtocol) -> Bool {
        text.utf8.contains { $0 == star || $0 == question }
    }

    /// Whether the whole of `text` matches.
    ///
    /// One pass: a mismatch goes back to the last `*` only, never further, because an earlier `*` could not match
    /// more than it already has. The work is at most the text's length times that of the longest run between two `*`.
    public func matches(_ text: String) -> Bool {
        let bytes = text.utf8.span
        if isLiteral && bytes.count != program.count { return false }
        return Self.match(program.span, bytes)
    }

    private static func match(_ program: borrowing Span<UInt8>, _ text: borrowing Span<UInt8>) -> Bool {
        var at = 0
        var position = 0
        // Where to go back to: just behind the last `*`, and the text's position that it has not swallowed yet.
        var resume: (program: Int, text: Int)?
        while position < text.count {
            if at < program.count, program[at] == star {
                at += 1
                // The end of the pattern swallows the rest of the text.
                if at == program.count { return true }
                resume = (at, position)
            } else if at < program.count, program[at] == question {
                at += 1
                position = endOfScalar(in: text, at: position)
            } else if at < program.count, program[at] == text[position] {
                at += 1
                position += 1
            } else if let last = resume {
                position = endOfScalar(in: text, at: last.text)
                at = last.program
                resume = (at, position)
            } else {
                return false
            }
        }
        while at < program.count, program[at] == star { at += 1 }
        return at == program.count
    }

    /// Whether every text that begins with `prefix` and goes on with at least one character matches.
    public func matchesEveryContinuation(of prefix: String) -> Bool {
        // (1) Only a pattern that ends in `*` and then nothing but `?` takes any continuation.
        guard let last = program.lastIndex(of: Self.star) else { return false }
        let single = program[(last + 1)...]
        guard single.allSatisfy({ $0 == Self.question }) else { return false }

        // (2) The shortest continuation, one character, leaves all but one of the `?` to the prefix's own end. What
        // is before that has to match up to the `*`; longer continuations are swallowed by it.
        var scalars = prefix.unicodeScalars[...]
        for _ in single.dropFirst() where scalars.popLast() == nil { return false }
        return Self.match(program.span.extracting(0...last), String(scalars).utf8.span)
    }

    private static func endOfScalar(in text: borrowing Span<UInt8>, at position: Int) -> Int {
        var next = position + 1
        // Bytes 10xxxxxx continue a scalar.
        while next < text.count, text[next] & 0b1100_0000 == 0b1000_0000 { next += 1 }
        return next
    }
}
