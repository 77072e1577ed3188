import RegularExpression
import Testing

@Suite struct LinearTimeTests {
    /// Patterns that take a backtracking matcher exponential time, with a text for which they do.
    static let adversarial: [(pattern: String, unit: String, end: String)] = [
        ("(a*)*b", "a", ""), ("(a+)+$", "a", "!"), ("^(a|a)*$", "a", "b"), ("(.*)*x", "y", ""), ("(a|aa)+$", "a", "b"),
        ("(?:a?){50}a{50}", "a", ""), (#"^(\w+\s?)*$"#, "word ", "!"), ("(x+x+)+y", "x", ""),
    ]

    @Test(arguments: adversarial)
    func takesStepsInProportion(_ pattern: String, _ unit: String, _ end: String) throws {
        let compiled = try Pattern(pattern)
        var spent: [Int] = []
        for count in [1_000, 2_000] {
            var steps = 10_000_000
            _ = try compiled.matches(String(repeating: unit, count: count) + end, steps: &steps)
            spent.append(10_000_000 - steps)
        }
        #expect(spent[1] <= 2 * spent[0] + 1_000, "\(spent)")
    }

    @Test func endsWhereTheStepsEnd() throws {
        var steps = 100
        let text = String(repeating: "a", count: 1_000)
        #expect(throws: StepLimitExceeded.self) { try Pattern("a+b").matches(text, steps: &steps) }
        steps = 100
        #expect(throws: StepLimitExceeded.self) {
            try Pattern("a").replacingAll(in: text, with: String(repeating: "x", count: 1_000), steps: &steps)
        }
    }
}
