import Matching
import Testing

@Suite struct GlobTests {
    static let cases: [(pattern: String, text: String, matches: Bool)] = [
        ("", "", true), ("", "a", false),
        ("*", "", true), ("*", "a/b:c", true), ("**", "", true), ("**", "a", true),
        ("?", "", false), ("?", "a", true), ("?", "ab", false),
        ("abc", "abc", true), ("abc", "ab", false), ("abc", "abcd", false), ("abc", "ABC", false),
        ("a*", "a", true), ("a*", "ab/c", true), ("a*", "ba", false),
        ("*a", "a", true), ("*a", "ba", true), ("*a", "ab", false),
        ("a*b", "ab", true), ("a*b", "a/x/b", true), ("a*b", "abc", false), ("a*b", "aab", true),
        ("a?b", "a/b", true), ("a?b", "ab", false),
        ("*ab*ab", "abab", true), ("*ab*ab", "ab", false), ("*aab", "aaab", true),
        ("a*b*c", "aXbYbZc", true), ("a*b*c", "acb", false),
        ("?*", "", false), ("?*", "a", true), ("*?", "a", true), ("??*", "a", false), ("*??", "ab", true),
        ("*?*?", "a", false), ("*?*?", "ab", true),
        // No escapes and no classes: a backslash and a bracket are themselves.
        ("\\*", "*", false), ("\\*", "\\x", true), ("[ab]", "a", false), ("[ab]", "[ab]", true),
        // A question mark is one scalar, whatever its bytes.
        ("?", "é", true), ("??", "é", false), ("a?b", "a\u{1F600}b", true), ("*?", "\u{1F600}", true),
        ("é", "e\u{301}", false), ("e?", "e\u{301}", true), ("*é", "aé", true), ("?é", "éé", true),
        ("ghcr.io/org/*", "ghcr.io/org/a/b:v1", true), ("ghcr.io/org/*", "ghcr.io/orga/b", false),
    ]

    @Test(arguments: cases) func matches(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern).matches(text) == matches, "\(pattern) on \(text)")
    }

    /// A naive matcher, straight from the definition.
    private static func naive(_ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return naive(pattern.dropFirst(), text) || (!text.isEmpty && naive(pattern, text.dropFirst()))
        }
        guard let character = text.first, first == "?" || first == character else { return false }
        return naive(pattern.dropFirst(), text.dropFirst())
    }

    private static func text(_ alphabet: [Unicode.Scalar], _ length: Int, _ generator: inout SeededGenerator) -> String
    {
        var text = String.UnicodeScalarView()
        for _ in 0..<length { if let scalar = alphabet.randomElement(using: &generator) { text.append(scalar) } }
        return String(text)
    }

    @Test func agreesWithANaiveMatcher() {
        var generator = SeededGenerator(seed: 20_260_823)
        for _ in 0..<30_000 {
            let pattern = Self.text(
                ["a", "b", "é", "/", "*", "?", "*"], .random(in: 0...8, using: &generator), &generator)
            let text = Self.text(["a", "b", "é", "/"], .random(in: 0...10, using: &generator), &generator)
            let expected = Self.naive(Array(pattern.unicodeScalars)[...], Array(text.unicodeScalars)[...])
            #expect(Glob(pattern).matches(text) == expected, "\(pattern) on \(text)")
        }
    }

    /// Exhaustive for short continuations: what is said of every continuation holds for each.
    @Test func everyContinuationMeansEvery() {
        var generator = SeededGenerator(seed: 7)
        let alphabet: [Unicode.Scalar] = ["a", "b", ":", "z"]
        var continuations = alphabet.map(String.init)
        for _ in 0..<2 { continuations += continuations.flatMap { head in alphabet.map { head + String($0) } } }
        for _ in 0..<5_000 {
            let pattern = Self.text(["a", "b", ":", "*", "?", "*"], .random(in: 0...6, using: &generator), &generator)
            let prefix = Self.text(["a", "b"], .random(in: 0...4, using: &generator), &generator) + ":"
            let glob = Glob(pattern)
            let expected = continuations.allSatisfy { glob.matches(prefix + $0) }
            #expect(glob.matchesEveryContinuation(of: prefix) == expected, "\(pattern) after \(prefix)")
        }
    }

    @Test func hostilePatternsTakeNoExponentialTime() {
        let text = String(repeating: "a", count: 20_000)
        #expect(!Glob(String(repeating: "a*", count: 200) + "b").matches(text))
        #expect(Glob(String(repeating: "*a", count: 200)).matches(text))
    }
}
