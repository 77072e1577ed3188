/// What decoding a policy brings to light, gathered so that an author sees all of it at once.
final class Findings {
    let file: String
    let policy: String
    /// Whether variables have been replaced: braces that are still there are data.
    let isBound: Bool
    private(set) var problems: [PolicyProblem] = []
    private(set) var notes: [PolicyNote] = []

    init(file: String, policy: String, isBound: Bool = false) {
        self.isBound = isBound
        self.file = file
        self.policy = policy
    }

    func problem(_ path: FieldPath, _ reason: String) {
        problems.append(PolicyProblem(file: file, policy: policy, path: path.description, reason: reason))
    }

    func note(_ path: FieldPath, _ text: String) {
        notes.append(PolicyNote(file: file, policy: policy, path: path.description, text: text))
    }
}
