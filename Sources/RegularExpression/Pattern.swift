/// A regular expression in RE2's syntax, which is matched in time linear in the text.
///
/// What needs more than linear time, backreferences and lookaround, is refused when it is parsed. A pattern is parsed
/// once and used often.
///
/// Source: RE2 syntax (google/re2 wiki), as Go's `regexp` takes it; scripts (`\p{Greek}`) are not supported.
public struct Pattern: Sendable, CustomStringConvertible {
    /// The longest pattern, in bytes: those that people write stay far below.
    public static let maximumLength = 8 << 10
    /// How many groups may lie inside one another; parsing recurses this deep. Go takes 1000, people less than ten.
    public static let maximumDepth = 200
    /// The largest `n` in `x{n}`, as in RE2.
    public static let maximumRepetition = 1000
    /// How large a pattern may be once its repetitions are written out. Each character of a text costs up to this many
    /// steps.
    public static let maximumInstructions = 20_000

    /// The pattern as written.
    public let text: String
    let syntax: Syntax
    let program: Program
    let names: [String: Int]

    /// - Throws: ``PatternError``.
    public init(_ text: String) throws(PatternError) {
        var parser = try SyntaxParser(text)
        syntax = try parser.parse()
        program = try Compiler.compile(syntax, groupCount: parser.groupCount)
        names = parser.names
        self.text = text
    }

    public var description: String { text }

    /// Whether the pattern matches anywhere in `text`.
    public func matches(_ text: String) -> Bool {
        var steps = Int.max
        return (try? matches(text, steps: &steps)) ?? false
    }

    /// Whether the pattern matches anywhere in `text`.
    ///
    /// - Parameter steps: How many instructions may be visited; those that were are taken off.
    public func matches(_ text: String, steps: inout Int) throws(StepLimitExceeded) -> Bool {
        var matcher = Matcher(program, Array(text.utf8), capturing: false)
        return try matcher.run(from: 0, steps: &steps) != nil
    }

    /// The leftmost match, or nil: for the whole and each group, in order, the range of bytes, or nil where the group took
    /// no part.
    public func firstMatch(in text: String) -> [Range<Int>?]? {
        var matcher = Matcher(program, Array(text.utf8), capturing: true)
        var steps = Int.max
        guard let slots = try? matcher.run(from: 0, steps: &steps) else { return nil }
        return Self.groups(slots)
    }

    static func groups(_ slots: [Int]) -> [Range<Int>?] {
        stride(from: 0, to: slots.count, by: 2).map { index in
            slots[index] >= 0 && slots[index + 1] >= 0 ? slots[index]..<slots[index + 1] : nil
        }
    }
}

extension Pattern: Hashable {
    /// The same text is the same pattern.
    public static func == (left: Pattern, right: Pattern) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
