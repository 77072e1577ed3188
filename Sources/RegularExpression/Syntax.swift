/// A regular expression as a tree.
indirect enum Syntax: Sendable {
    case empty
    case scalar(UInt32, ignoringCase: Bool)
    case anyScalar(includingNewline: Bool)
    case set(ScalarSet)
    case assertion(Assertion)
    /// A group; `index` is nil where it captures nothing.
    case group(Syntax, index: Int?)
    case concatenation([Syntax])
    case alternation([Syntax])
    case repetition(Syntax, minimum: Int, maximum: Int?, isGreedy: Bool)

    /// Whether the empty text can match.
    var isNullable: Bool {
        switch self {
        case .empty, .assertion: true
        case .scalar, .anyScalar, .set: false
        case .group(let inner, _): inner.isNullable
        case .concatenation(let parts): parts.allSatisfy(\.isNullable)
        case .alternation(let choices): choices.contains(where: \.isNullable)
        case .repetition(let inner, let minimum, _, _): minimum == 0 || inner.isNullable
        }
    }
}

/// What matches between characters.
enum Assertion: Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// What `(?…)` switches.
struct Flags {
    var ignoresCase = false
    /// `^` and `$` match at the ends of lines.
    var isMultiline = false
    /// `.` matches a newline.
    var dotMatchesNewline = false
    /// `x*` takes as little as it can, and `x*?` as much.
    var isUngreedy = false
}
