/// Turns a tree into a ``Program``, as Thompson described it.
struct Compiler {
    private var instructions: [Program.Instruction] = []
    private var sets: [ScalarSet] = []

    static func compile(_ syntax: Syntax, groupCount: Int) throws(PatternError) -> Program {
        var compiler = Compiler()
        try compiler.append(.save(0))
        try compiler.compile(syntax)
        try compiler.append(.save(1))
        try compiler.append(.match)
        return Program(
            instructions: compiler.instructions, sets: compiler.sets, slotCount: 2 * (groupCount + 1))
    }

    private mutating func append(_ instruction: Program.Instruction) throws(PatternError) {
        guard instructions.count < Pattern.maximumInstructions else {
            throw PatternError("the repetitions make the pattern too large", at: 0)
        }
        instructions.append(instruction)
    }

    /// Makes room for an instruction that is known later.
    private mutating func reserve() throws(PatternError) -> Int {
        try append(.match)
        return instructions.count - 1
    }

    private mutating func compile(_ syntax: Syntax) throws(PatternError) {
        switch syntax {
        case .empty: break
        case .scalar(let scalar, let ignoringCase):
            try append(ignoringCase ? .foldedScalar(CaseFolding.fold(scalar)) : .scalar(scalar))
        case .anyScalar(let includingNewline): try append(includingNewline ? .anyScalar : .anyButNewline)
        case .set(let set):
            sets.append(set)
            try append(.set(sets.count - 1))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .group(let inner, let index):
            guard let index else { return try compile(inner) }
            try append(.save(2 * index))
            try compile(inner)
            try append(.save(2 * index + 1))
        case .concatenation(let parts):
            for part in parts { try compile(part) }
        case .alternation(let choices): try compile(choices)
        case .repetition(let inner, let minimum, let maximum, let isGreedy):
            try compile(inner, minimum, maximum, isGreedy)
        }
    }

    private mutating func compile(_ choices: [Syntax]) throws(PatternError) {
        var ends: [Int] = []
        for choice in choices.dropLast() {
            let split = try reserve()
            try compile(choice)
            ends.append(try reserve())
            instructions[split] = .split(split + 1, instructions.count)
        }
        if let last = choices.last { try compile(last) }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func compile(
        _ inner: Syntax,
        _ minimum: Int,
        _ maximum: Int?,
        _ isGreedy: Bool
    ) throws(PatternError) {
        guard let maximum else {
            for _ in 0..<max(minimum - 1, 0) { try compile(inner) }
            return try minimum == 0 ? star(inner, isGreedy) : plus(inner, isGreedy)
        }
        for _ in 0..<minimum { try compile(inner) }
        // x{2,4} is xx(x(x)?)?
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(try reserve())
            try compile(inner)
        }
        for split in splits { instructions[split] = branch(split + 1, instructions.count, isGreedy) }
    }

    private mutating func star(_ inner: Syntax, _ isGreedy: Bool) throws(PatternError) {
        let split = try reserve()
        if inner.isNullable {
            // (x+)? keeps the order of preference where x may be empty.
            try plus(inner, isGreedy)
        } else {
            try compile(inner)
            try append(.jump(split))
        }
        instructions[split] = branch(split + 1, instructions.count, isGreedy)
    }

    private mutating func plus(_ inner: Syntax, _ isGreedy: Bool) throws(PatternError) {
        let start = instructions.count
        try compile(inner)
        let split = try reserve()
        instructions[split] = branch(start, split + 1, isGreedy)
    }

    private func branch(_ more: Int, _ past: Int, _ isGreedy: Bool) -> Program.Instruction {
        isGreedy ? .split(more, past) : .split(past, more)
    }
}
