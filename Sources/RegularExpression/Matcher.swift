/// Runs a ``Program`` over a text, one character after the other, in all places at once.
///
/// Source: Pike's machine (Russ Cox, "Regular Expression Matching: the Virtual Machine Approach"). Each character costs at
/// most one visit to each instruction, whatever the text. The leftmost match wins, and of those the one that Perl's
/// order of preference would find first.
struct Matcher {
    private let program: Program
    private let text: [UInt8]
    /// 0 where only the question whether there is a match is asked.
    private let slotCount: Int
    private let isAnchored: Bool
    private var current: Threads
    private var next: Threads
    private var stack: [Step] = []
    private var slots: [Int]

    /// The places that the machine is in, the preferred first.
    private struct Threads {
        var order: [Int] = []
        /// Where an instruction is in `order`, if `order` has it there.
        var positions: [Int]
        /// The slots of each place, in the sequence of `order`.
        var slots: [Int] = []

        init(instructionCount: Int) { positions = [Int](repeating: 0, count: instructionCount) }

        func contains(_ instruction: Int) -> Bool {
            let position = positions[instruction]
            return position < order.count && order[position] == instruction
        }

        mutating func insert(_ instruction: Int) {
            positions[instruction] = order.count
            order.append(instruction)
        }

        mutating func removeAll() {
            order.removeAll(keepingCapacity: true)
            slots.removeAll(keepingCapacity: true)
        }
    }

    /// What remains to be done while places are added.
    private enum Step {
        case visit(Int)
        case restore(slot: Int, value: Int)
    }

    init(_ program: Program, _ text: [UInt8], capturing: Bool) {
        self.program = program
        self.text = text
        slotCount = capturing ? program.slotCount : 0
        isAnchored = program.isAnchored
        current = Threads(instructionCount: program.instructions.count)
        next = current
        slots = [Int](repeating: -1, count: slotCount)
    }

    /// The slots of the leftmost match that begins at `start` or later; empty where slots were not asked for.
    ///
    /// - Parameter steps: How many instructions may be visited; what is visited is taken off.
    mutating func run(from start: Int, steps: inout Int) throws(StepLimitExceeded) -> [Int]? {
        var position = start
        var best: [Int]?
        next.removeAll()
        while true {
            // A match that begins here is preferred to none, and not to one that began before.
            if best == nil, position == 0 || !isAnchored {
                for slot in slots.indices { slots[slot] = -1 }
                add(0, at: position)
            }
            swap(&current, &next)
            next.removeAll()
            if current.order.isEmpty { break }
            steps -= current.order.count
            guard steps >= 0 else { throw StepLimitExceeded() }

            let (scalar, width) = decode(position)
            for (rank, instruction) in current.order.enumerated() {
                if case .match = program.instructions[instruction] {
                    best = Array(current.slots[(rank * slotCount)..<((rank + 1) * slotCount)])
                    if slotCount == 0 { return best }
                    // What is less preferred can no longer win.
                    break
                }
                guard width > 0, takes(instruction, scalar) else { continue }
                for slot in slots.indices { slots[slot] = current.slots[rank * slotCount + slot] }
                add(instruction + 1, at: position + width)
            }
            if width == 0 { break }
            position += width
        }
        return best
    }

    private func takes(_ instruction: Int, _ scalar: UInt32) -> Bool {
        switch program.instructions[instruction] {
        case .scalar(let wanted): scalar == wanted
        case .foldedScalar(let wanted): scalar == wanted || CaseFolding.fold(scalar) == wanted
        case .anyScalar: true
        case .anyButNewline: scalar != 0x0A
        case .set(let index): program.sets[index].contains(scalar)
        case .assertion, .split, .jump, .save, .match: false
        }
    }

    /// Adds a place to the next ones, and all that is reached from it without reading; iterative, as the way may be long.
    private mutating func add(_ instruction: Int, at position: Int) {
        stack.append(.visit(instruction))
        while let step = stack.popLast() {
            switch step {
            case .restore(let slot, let value): slots[slot] = value
            case .visit(let instruction):
                if next.contains(instruction) { continue }
                next.insert(instruction)
                next.slots.append(contentsOf: slots)
                switch program.instructions[instruction] {
                case .jump(let target): stack.append(.visit(target))
                case .split(let first, let second):
                    stack.append(.visit(second))
                    stack.append(.visit(first))
                case .save(let slot):
                    if slot < slotCount {
                        stack.append(.restore(slot: slot, value: slots[slot]))
                        slots[slot] = position
                    }
                    stack.append(.visit(instruction + 1))
                case .assertion(let assertion):
                    if holds(assertion, at: position) { stack.append(.visit(instruction + 1)) }
                case .scalar, .foldedScalar, .anyScalar, .anyButNewline, .set, .match: break
                }
            }
        }
    }

    private func holds(_ assertion: Assertion, at position: Int) -> Bool {
        switch assertion {
        case .textStart: position == 0
        case .textEnd: position == text.count
        case .lineStart: position == 0 || text[position - 1] == 0x0A
        case .lineEnd: position == text.count || text[position] == 0x0A
        case .wordBoundary: isWord(position - 1) != isWord(position)
        case .noWordBoundary: isWord(position - 1) == isWord(position)
        }
    }

    /// Whether there is a letter, digit or underscore of ASCII at a position.
    private func isWord(_ position: Int) -> Bool {
        guard text.indices.contains(position) else { return false }
        switch text[position] {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: return true
        default: return false
        }
    }

    /// The character at a position and its length in bytes, which is 0 at the end. The text is UTF-8, as it comes of a
    /// `String`.
    @inline(__always)
    private func decode(_ position: Int) -> (scalar: UInt32, width: Int) {
        guard position < text.count else { return (0, 0) }
        let first = UInt32(text[position])
        switch first {
        case 0..<0x80: return (first, 1)
        case 0..<0xE0: return ((first & 0x1F) << 6 | continuation(position + 1), 2)
        case 0..<0xF0:
            return ((first & 0x0F) << 12 | continuation(position + 1) << 6 | continuation(position + 2), 3)
        default:
            let high = (first & 0x07) << 18 | continuation(position + 1) << 12
            return (high | continuation(position + 2) << 6 | continuation(position + 3), 4)
        }
    }

    private func continuation(_ position: Int) -> UInt32 { UInt32(text[position] & 0x3F) }
}
