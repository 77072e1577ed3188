/// A range of semantic versions: `>=1.2.0 <2.0.0 || 3.x`.
///
/// Source: the documentation of blang/semver's `ParseRange`, which Kyverno uses: comparisons with `=`, `!`, `<`, `<=`, `>`,
/// `>=`, all of which a version must meet; `||` between alternatives; `x` for any number at the end.
public struct VersionRange: Sendable {
    private enum Comparison {
        case equal, notEqual, less, atMost, greater, atLeast
    }

    private struct Bound: Sendable {
        let comparison: Comparison
        /// The least version that the text means.
        let version: SemanticVersion
        /// The least version above all that the text means, where it has an `x`; nil where that is beyond all versions.
        let above: SemanticVersion?
        let isWildcard: Bool

        func contains(_ candidate: SemanticVersion) -> Bool {
            let isBelowEnd = above.map { candidate < $0 } ?? true
            switch comparison {
            case .equal: return isWildcard ? candidate >= version && isBelowEnd : candidate == version
            case .notEqual: return isWildcard ? candidate < version || !isBelowEnd : candidate != version
            case .less: return candidate < version
            case .atMost: return isWildcard ? isBelowEnd : candidate <= version
            case .greater: return isWildcard ? !isBelowEnd : candidate > version
            case .atLeast: return candidate >= version
            }
        }
    }

    private let alternatives: [[Bound]]

    /// The longest text that is read, in bytes.
    public static let maximumLength = 1024

    /// - Returns: nil for text that is no range.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var alternatives: [[Bound]] = []
        var rest = text[...]
        while true {
            let bar = rest.firstRange(of: "||")
            guard let bounds = Self.bounds(bar.map { rest[..<$0.lowerBound] } ?? rest) else { return nil }
            alternatives.append(bounds)
            guard let bar else { break }
            rest = rest[bar.upperBound...]
        }
        self.alternatives = alternatives
    }

    public func contains(_ version: SemanticVersion) -> Bool {
        alternatives.contains { $0.allSatisfy { $0.contains(version) } }
    }

    /// Comparisons with white space between them, and perhaps after their operators.
    private static func bounds(_ text: Substring) -> [Bound]? {
        var bounds: [Bound] = []
        var rest = text.drop { $0 == " " }
        while !rest.isEmpty {
            let sign = rest.prefix { "<>=!".contains($0) }
            rest = rest[sign.endIndex...].drop { $0 == " " }
            let written = rest.prefix { !" <>=!|".contains($0) }
            rest = rest[written.endIndex...].drop { $0 == " " }
            guard let comparison = comparison(sign), let bound = bound(comparison, written) else { return nil }
            bounds.append(bound)
        }
        return bounds.isEmpty ? nil : bounds
    }

    private static func comparison(_ sign: Substring) -> Comparison? {
        switch sign {
        case "", "=", "==": .equal
        case "!", "!=": .notEqual
        case "<": .less
        case "<=": .atMost
        case ">": .greater
        case ">=": .atLeast
        default: nil
        }
    }

    private static func bound(_ comparison: Comparison, _ text: Substring) -> Bound? {
        if let version = SemanticVersion(String(text)) {
            return Bound(comparison: comparison, version: version, above: nil, isWildcard: false)
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) || text == "x", let first = parts.firstIndex(where: { $0 == "x" }),
            parts[first...].allSatisfy({ $0 == "x" })
        else { return nil }
        var numbers: [UInt64] = []
        for part in parts[..<first] {
            guard let number = SemanticVersion.number(part), number < .max else { return nil }
            numbers.append(number)
        }
        let least = SemanticVersion(major: numbers.first ?? 0, minor: numbers.dropFirst().first ?? 0, patch: 0)
        let above: SemanticVersion? =
            switch numbers.count {
            case 0: nil
            case 1: SemanticVersion(major: numbers[0] + 1, minor: 0, patch: 0)
            default: SemanticVersion(major: numbers[0], minor: numbers[1] + 1, patch: 0)
            }
        return Bound(comparison: comparison, version: least, above: above, isWildcard: true)
    }
}
