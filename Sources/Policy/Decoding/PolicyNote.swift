/// What is allowed in a policy and yet has to be said: something is passed over, or probably not meant.
public struct PolicyNote: Sendable, Hashable, CustomStringConvertible {
    /// The file as it was given or found; empty for a policy that came from elsewhere.
    public var file: String
    /// The policy's kind and name.
    public var policy: String
    /// The field, as `spec.rules[0].match`; empty for the policy as a whole.
    public var path: String
    public var text: String

    public var description: String { [file, policy, path, text].filter { !$0.isEmpty }.joined(separator: ": ") }

    /// Without the file and the policy, for whoever knows which it is.
    public var sentence: String { path.isEmpty ? text : "\(path): \(text)" }
}
