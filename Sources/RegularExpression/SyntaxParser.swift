/// Reads RE2's syntax.
///
/// Source: RE2 syntax (google/re2 wiki), as Go's regexp/syntax takes it with Perl's extensions.
struct SyntaxParser {
    let scalars: [UInt32]
    var position = 0
    private var flags = Flags()
    private var depth = 0
    private(set) var groupCount = 0
    private(set) var names: [String: Int] = [:]

    init(_ text: String) throws(PatternError) {
        guard text.utf8.count <= Pattern.maximumLength else {
            throw PatternError("more than \(Pattern.maximumLength) bytes", at: Pattern.maximumLength)
        }
        scalars = text.unicodeScalars.map(\.value)
    }

    mutating func parse() throws(PatternError) -> Syntax {
        let syntax = try alternation()
        guard position == scalars.count else { throw PatternError("a \")\" closes no group", at: position) }
        return syntax
    }

    // MARK: Characters

    func peek(_ ahead: Int = 0) -> Character? {
        guard position + ahead < scalars.count else { return nil }
        return Unicode.Scalar(scalars[position + ahead]).map(Character.init)
    }

    mutating func take(_ text: String) -> Bool {
        let wanted = text.unicodeScalars.map(\.value)
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    // MARK: Structure

    private mutating func alternation() throws(PatternError) -> Syntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Pattern.maximumDepth else {
            throw PatternError("more than \(Pattern.maximumDepth) groups inside one another", at: position)
        }
        var choices = [try concatenation()]
        while take("|") { choices.append(try concatenation()) }
        return choices.count == 1 ? choices[0] : .alternation(choices)
    }

    private mutating func concatenation() throws(PatternError) -> Syntax {
        var parts: [Syntax] = []
        while let character = peek(), character != "|", character != ")" {
            let start = position
            if let repetition = try repetitionOperator() {
                guard let last = parts.popLast() else {
                    throw PatternError("nothing comes before a repetition", at: start)
                }
                if case .repetition = last {
                    throw PatternError("a repetition follows a repetition; put the first in a group", at: start)
                }
                parts.append(repeated(last, repetition))
            } else if take(#"\Q"#) {
                while position < scalars.count, !take(#"\E"#) {
                    parts.append(.scalar(scalars[position], ignoringCase: flags.ignoresCase))
                    position += 1
                }
            } else if let atom = try atom() {
                parts.append(atom)
            }
        }
        switch parts.count {
        case 0: return .empty
        case 1: return parts[0]
        default: return .concatenation(parts)
        }
    }

    /// One thing that matches; nil for what only switches flags.
    private mutating func atom() throws(PatternError) -> Syntax? {
        let start = position
        guard let character = peek() else { return nil }
        switch character {
        case "(": return try group()
        case "[": return .set(try characterClass(ignoringCase: flags.ignoresCase))
        case "\\":
            if let assertion = takeAssertion() { return .assertion(assertion) }
            if let set = try classEscape() {
                var folded = ScalarSet()
                folded.insert(set)
                folded.finish(negated: false, ignoringCase: flags.ignoresCase)
                return .set(folded)
            }
            return .scalar(try escapedScalar(), ignoringCase: flags.ignoresCase)
        case ".":
            position += 1
            return .anyScalar(includingNewline: flags.dotMatchesNewline)
        case "^":
            position += 1
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$":
            position += 1
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        default:
            position += 1
            return .scalar(scalars[start], ignoringCase: flags.ignoresCase)
        }
    }

    private mutating func takeAssertion() -> Assertion? {
        if take(#"\A"#) { return .textStart }
        if take(#"\z"#) { return .textEnd }
        if take(#"\b"#) { return .wordBoundary }
        if take(#"\B"#) { return .noWordBoundary }
        return nil
    }

    // MARK: Groups

    /// Nil for `(?i)` and its like, which count up to the end of the group around them.
    private mutating func group() throws(PatternError) -> Syntax? {
        let start = position
        let outer = flags
        position += 1
        if take("?P<") || take("?<") {
            if peek() == "=" || peek() == "!" {
                throw PatternError("lookbehind cannot be matched in linear time, and is not supported", at: start)
            }
            let name = try groupName(from: start)
            guard names[name] == nil else { throw PatternError("two groups are named \(name)", at: start) }
            names[name] = groupCount + 1
        } else if take("?") {
            if peek() == "=" || peek() == "!" {
                throw PatternError("lookahead cannot be matched in linear time, and is not supported", at: start)
            }
            try readFlags(from: start)
            if take(")") { return nil }
            position += 1
            let inner = try alternation()
            try close(from: start)
            flags = outer
            return .group(inner, index: nil)
        }
        groupCount += 1
        let index = groupCount
        let inner = try alternation()
        try close(from: start)
        flags = outer
        return .group(inner, index: index)
    }

    private mutating func close(from start: Int) throws(PatternError) {
        guard take(")") else { throw PatternError("a group is not closed", at: start) }
    }

    private mutating func groupName(from start: Int) throws(PatternError) -> String {
        var name = ""
        while let character = peek(), character != ">" {
            guard character.isLetter || character.isNumber || character == "_" else { break }
            name.append(character)
            position += 1
        }
        guard !name.isEmpty, take(">") else { throw PatternError("the name of a group is malformed", at: start) }
        return name
    }

    /// Behind `(?`: flags up to `:` or `)`, which stays.
    private mutating func readFlags(from start: Int) throws(PatternError) {
        var isOn = true
        var isComplete = true
        while let character = peek() {
            switch character {
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotMatchesNewline = isOn
            case "U": flags.isUngreedy = isOn
            case "-" where isOn:
                isOn = false
                isComplete = false
                position += 1
                continue
            case ":", ")":
                guard isComplete else { throw PatternError("a group's flags are malformed", at: start) }
                return
            default:
                throw PatternError("(?\(character)…) is not supported; flags are i, m, s and U", at: start)
            }
            isComplete = true
            position += 1
        }
        throw PatternError("a group is not closed", at: start)
    }

    // MARK: Repetition

    private struct Repetition {
        let minimum: Int
        let maximum: Int?
        let isGreedy: Bool
    }

    private func repeated(_ syntax: Syntax, _ repetition: Repetition) -> Syntax {
        .repetition(
            syntax, minimum: repetition.minimum, maximum: repetition.maximum, isGreedy: repetition.isGreedy)
    }

    private mutating func repetitionOperator() throws(PatternError) -> Repetition? {
        let bounds: (minimum: Int, maximum: Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if let counted = try countedRepetition() {
            bounds = counted
        } else {
            return nil
        }
        let isSwapped = take("?")
        return Repetition(minimum: bounds.minimum, maximum: bounds.maximum, isGreedy: isSwapped == flags.isUngreedy)
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else that begins with `{` is text.
    private mutating func countedRepetition() throws(PatternError) -> (minimum: Int, maximum: Int?)? {
        let start = position
        guard take("{"), let minimum = takeCount() else {
            position = start
            return nil
        }
        var maximum: Int? = minimum
        if take(",") { maximum = peek() == "}" ? nil : takeCount() }
        guard take("}") else {
            position = start
            return nil
        }
        guard minimum <= Pattern.maximumRepetition, maximum ?? 0 <= Pattern.maximumRepetition else {
            throw PatternError("a repetition of more than \(Pattern.maximumRepetition) times", at: start)
        }
        guard maximum.map({ minimum <= $0 }) ?? true else {
            throw PatternError("a repetition of at least \(minimum) and at most \(maximum ?? 0) times", at: start)
        }
        return (minimum, maximum)
    }

    /// A decimal number; one that is too large by far counts as one that is too large.
    private mutating func takeCount() -> Int? {
        var count: Int?
        while let digit = peek()?.wholeNumberValue, scalars[position] < 128 {
            count = min((count ?? 0) * 10 + digit, Pattern.maximumRepetition + 1)
            position += 1
        }
        return count
    }
}
