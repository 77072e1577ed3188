/// A regular expression as instructions of a machine that is in several places at once.
struct Program: Sendable {
    enum Instruction: Sendable {
        case scalar(UInt32)
        /// Any character that folds to this one.
        case foldedScalar(UInt32)
        case anyScalar
        case anyButNewline
        case set(Int)
        case assertion(Assertion)
        /// Goes on at both places, and prefers the first.
        case split(Int, Int)
        case jump(Int)
        /// Notes the position in a slot.
        case save(Int)
        case match
    }

    let instructions: [Instruction]
    let sets: [ScalarSet]
    /// Two for each group: where it begins and ends.
    let slotCount: Int

    /// Whether a match can only begin at the text's start.
    var isAnchored: Bool {
        for instruction in instructions {
            switch instruction {
            case .save: continue
            case .assertion(.textStart): return true
            default: return false
            }
        }
        return false
    }
}
