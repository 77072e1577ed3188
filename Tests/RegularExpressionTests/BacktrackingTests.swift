import RegularExpression
import Testing

/// Compares the matcher with one that tries everything in the order of preference, on small random patterns and texts.
@Suite struct BacktrackingTests {
    /// A pattern as a tree, which can be written and be matched naively.
    indirect enum Tree {
        case empty, start, end, any
        case letter(Character)
        case either(Tree, Tree)
        case both(Tree, Tree)
        case repeated(Tree, minimum: Int, maximum: Int?, isGreedy: Bool)

        var pattern: String {
            switch self {
            case .empty: return "(?:)"
            case .start: return "^"
            case .end: return "$"
            case .any: return "."
            case .letter(let letter): return String(letter)
            case .either(let left, let right): return "(?:\(left.pattern)|\(right.pattern))"
            case .both(let left, let right): return left.pattern + right.pattern
            case .repeated(let inner, let minimum, let maximum, let isGreedy):
                return "(?:\(inner.pattern)){\(minimum),\(maximum.map(String.init) ?? "")}" + (isGreedy ? "" : "?")
            }
        }

        /// Where the first match in the order of preference ends that begins at `position` and that `then` accepts.
        func match(_ text: [Character], _ position: Int, _ then: (Int) -> Int?) -> Int? {
            switch self {
            case .empty: return then(position)
            case .start: return position == 0 ? then(position) : nil
            case .end: return position == text.count ? then(position) : nil
            case .any: return position < text.count ? then(position + 1) : nil
            case .letter(let letter):
                return position < text.count && text[position] == letter ? then(position + 1) : nil
            case .either(let left, let right):
                return left.match(text, position, then) ?? right.match(text, position, then)
            case .both(let left, let right):
                return left.match(text, position) { right.match(text, $0, then) }
            case .repeated(let inner, let minimum, let maximum, let isGreedy):
                return Self.repeats(inner, minimum, maximum, isGreedy, text, position, then)
            }
        }

        private static func repeats(
            _ inner: Tree,
            _ minimum: Int,
            _ maximum: Int?,
            _ isGreedy: Bool,
            _ text: [Character],
            _ position: Int,
            _ then: (Int) -> Int?
        ) -> Int? {
            if maximum == 0 { return then(position) }
            func more() -> Int? {
                inner.match(text, position) { next in
                    // An empty turn without bound would go on for ever; it is the last one.
                    if next == position, maximum == nil, minimum <= 1 { return then(next) }
                    return repeats(inner, max(minimum - 1, 0), maximum.map { $0 - 1 }, isGreedy, text, next, then)
                }
            }
            if minimum > 0 { return more() }
            return isGreedy ? more() ?? then(position) : then(position) ?? more()
        }
    }

    /// A small generator (SplitMix64), so that a failure can be repeated.
    struct Generator {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var bits = state
            bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((bits ^ (bits >> 31)) % UInt64(bound))
        }

        mutating func tree(_ depth: Int) -> Tree {
            switch below(depth == 0 ? 5 : 10) {
            case 0: return below(3) == 0 ? .start : .letter("a")
            case 1: return below(3) == 0 ? .end : .letter("b")
            case 2: return below(3) == 0 ? .empty : .letter("c")
            case 3: return .any
            case 4: return .letter("a")
            case 5, 6: return .both(tree(depth - 1), tree(depth - 1))
            case 7: return .either(tree(depth - 1), tree(depth - 1))
            default:
                let minimum = below(3)
                let maximum = below(2) == 0 ? nil : minimum + below(3)
                return .repeated(tree(depth - 1), minimum: minimum, maximum: maximum, isGreedy: below(3) > 0)
            }
        }
    }

    @Test(arguments: 0..<20)
    func agree(_ seed: Int) throws {
        var generator = Generator(state: UInt64(seed))
        for _ in 0..<250 {
            let tree = generator.tree(4)
            let text = (0..<generator.below(8)).map { _ in ["a", "b", "c"][generator.below(3)] as Character }
            var expected: Range<Int>?
            for start in 0...text.count {
                guard let end = tree.match(text, start, { $0 }) else { continue }
                expected = start..<end
                break
            }
            let pattern = try Pattern(tree.pattern)
            let found = pattern.firstMatch(in: String(text))
            #expect(found?[0] == expected, "/\(tree.pattern)/ on \(String(text)), seed \(seed)")
            #expect(pattern.matches(String(text)) == (expected != nil))
        }
    }
}
