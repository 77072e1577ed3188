/// What came of one policy or exception that is an object of the cluster.
public struct PolicyOutcome: Sendable, Hashable {
    /// What part the object has in decisions.
    public enum Standing: Sendable, Hashable {
        /// It is honoured in full.
        case inForce
        /// It has no image rules, or is not about admission.
        case nothingToEnforce
        /// It has problems, and an earlier version of it is in force.
        case lastGoodInForce
        /// It has problems, and whatever it matches fails.
        case refusing
        /// It has problems, and there is nothing that it could refuse; an exception then excepts nothing.
        case withoutEffect
        /// Exceptions do not count here.
        case ignored
        /// A file holds a policy of the same name, which counts instead.
        case givenInFile(String)
    }

    public let id: PolicyID
    /// The object's `metadata.uid`.
    public let uid: String
    /// The object's `metadata.generation`, which this is about.
    public let generation: Int
    public let standing: Standing
    /// Why it cannot be honoured in full. All of them, not the first alone.
    public let problems: [PolicyProblem]
    /// What was passed over, and what is allowed but probably not meant.
    public let notes: [PolicyNote]

    /// Whether what the object says is what happens.
    public var isHonoured: Bool {
        switch standing {
        case .inForce, .nothingToEnforce: true
        case .lastGoodInForce, .refusing, .withoutEffect, .ignored, .givenInFile: false
        }
    }

    /// The object's standing in a sentence, problems first; of one that is in force, also what of it is passed over.
    public var summary: String {
        let problem = Self.list(problems.map(\.sentence))
        switch standing {
        case .inForce: return notes.isEmpty ? "in force" : "in force; " + Self.list(notes.map(\.sentence))
        case .nothingToEnforce: return notes.first?.sentence ?? "has nothing to say about images"
        case .lastGoodInForce: return "\(problem); until that is mended, the version before stays in force"
        case .refusing: return "\(problem); until that is mended, what the policy matches fails"
        case .withoutEffect: return problem
        case .ignored: return "exceptions count with --exceptions only"
        case .givenInFile(let file): return "the same policy stands in \(file), and counts instead of this one"
        }
    }

    /// How many problems or notes a sentence names: a terminal has to show it.
    private static let maximumItems = 5

    private static func list(_ sentences: [String]) -> String {
        let more = sentences.count - maximumItems
        return sentences.prefix(maximumItems).joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    }
}
