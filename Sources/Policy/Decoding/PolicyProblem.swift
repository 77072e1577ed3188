/// Why a policy cannot be honoured in full: where it stands, what is wrong and what to do.
///
/// A policy with a problem is not loaded at all; nothing that changes a decision is ignored.
public struct PolicyProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file as it was given or found; empty for a policy that came from elsewhere.
    public var file: String
    /// The policy's kind and name, or empty where the document is not yet known to be one.
    public var policy: String
    /// The field, as `spec.rules[0].match`; empty for the file or the policy as a whole.
    public var path: String
    /// What is wrong and what to do, in words that fit behind the path and a colon.
    public var reason: String

    public init(file: String = "", policy: String = "", path: String = "", reason: String) {
        self.file = file
        self.policy = policy
        self.path = path
        self.reason = reason
    }

    public var description: String {
        [file, policy, path, reason].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// Without the file and the policy, for whoever knows which it is: `path: reason`.
    public var sentence: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
