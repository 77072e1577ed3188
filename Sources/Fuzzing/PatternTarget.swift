import RegularExpression

/// Regular expressions, and a text behind a zero byte to match.
enum PatternTarget: FuzzTarget {
    static let name = "pattern"

    private static let maximumSteps = 5_000_000

    static func run(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let source = String(validating: first, as: UTF8.self),
            let pattern = try? Pattern(source)
        else { return }
        let text = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "abc"
        var steps = maximumSteps
        guard let isMatch = try? pattern.matches(text, steps: &steps) else { return }
        guard let replaced = try? pattern.replacingAllLiterally(in: text, with: "$0", steps: &steps) else { return }
        require(isMatch || replaced.utf8.elementsEqual(text.utf8), "what matches nothing replaces nothing")
        guard let same = try? pattern.replacingAll(in: text, with: "$0", steps: &steps) else { return }
        require(same.utf8.elementsEqual(text.utf8), "each match replaced by itself changes nothing")
    }
}
