/// What to do with an object that names one key twice.
public enum DuplicateKeys: Sendable {
    /// The document is refused. Two readers that disagree about `image` are an attack, so this is the default.
    case refuse
    /// The last value counts and the earlier ones cannot be seen, as most parsers have it.
    case keepLast
}

/// How much a document may ask of its reader.
public struct ParseLimits: Sendable {
    /// The longest text, in bytes. Never above ``ceilingBytes``.
    public var maximumBytes: Int {
        didSet { maximumBytes = min(maximumBytes, Self.ceilingBytes) }
    }

    /// How many arrays and objects may lie inside one another.
    public var maximumDepth: Int

    /// An ``Entry`` has 27 bits for a length or an index, so no text may be longer than that.
    public static let ceilingBytes = (1 << 27) - 1

    /// An admission review is at most 8 MiB, and everything else that is read (manifests, payloads, policies) is less.
    public static let standardMaximumBytes = 8 << 20

    /// Deeper than any Kubernetes object; custom resource definitions, the deepest, stay below 60.
    public static let standardMaximumDepth = 128

    public init(
        maximumBytes: Int = ParseLimits.standardMaximumBytes,
        maximumDepth: Int = ParseLimits.standardMaximumDepth
    ) {
        self.maximumBytes = min(maximumBytes, Self.ceilingBytes)
        self.maximumDepth = maximumDepth
    }

    /// 8 MiB and 128 levels.
    public static let standard = ParseLimits()
}
