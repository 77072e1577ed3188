/// Why a text is not a regular expression that can be matched in linear time.
public struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    public let reason: String
    /// In characters, counted from 0.
    public let offset: Int

    init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// For example `a group is not closed at character 3`.
    public var description: String { "\(reason) at character \(offset + 1)" }
}

/// A match that would take more steps than the caller allows.
public struct StepLimitExceeded: Error, Sendable, Hashable {}
