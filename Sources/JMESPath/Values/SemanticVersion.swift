/// A semantic version: `1.2.3-rc.1+build`.
///
/// Source: semver.org 2.0.0.
public struct SemanticVersion: Sendable, Comparable, CustomStringConvertible {
    public let major: UInt64
    public let minor: UInt64
    public let patch: UInt64
    /// The identifiers between `-` and `+`.
    public let prerelease: [String]

    /// The longest text that is read, in bytes.
    public static let maximumLength = 256

    init(major: UInt64, minor: UInt64, patch: UInt64, prerelease: [String] = []) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
    }

    /// - Returns: nil for anything but a complete version; there is no `v` before it.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        let withBuild = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        if withBuild.count > 1, Self.identifiers(withBuild[1], areNumbersStrict: false) == nil { return nil }
        let withPrerelease = withBuild[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var prerelease: [String] = []
        if withPrerelease.count > 1 {
            guard let identifiers = Self.identifiers(withPrerelease[1], areNumbersStrict: true) else { return nil }
            prerelease = identifiers
        }
        let numbers = withPrerelease[0].split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.init(major: major, minor: minor, patch: patch, prerelease: prerelease)
    }

    /// Digits without a zero before them.
    static func number(_ text: Substring) -> UInt64? {
        guard isNumeric(text), text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0") else { return nil }
        return UInt64(text)
    }

    private static func isNumeric(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func identifiers(_ text: Substring, areNumbersStrict: Bool) -> [String]? {
        let identifiers = text.split(separator: ".", omittingEmptySubsequences: false)
        for identifier in identifiers {
            let isSpelled = identifier.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
                default: false
                }
            }
            guard isSpelled, !identifier.isEmpty else { return nil }
            if areNumbersStrict, isNumeric(identifier), number(identifier) == nil { return nil }
        }
        return identifiers.map(String.init)
    }

    public var description: String {
        let core = "\(major).\(minor).\(patch)"
        return prerelease.isEmpty ? core : core + "-" + prerelease.joined(separator: ".")
    }

    public static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        let (leftCore, rightCore) = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        if leftCore != rightCore { return leftCore < rightCore }
        // A version without a prerelease comes after all of its prereleases.
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        for (first, second) in zip(left.prerelease, right.prerelease) where first != second {
            switch (UInt64(first), UInt64(second)) {
            case (let first?, let second?): return first < second
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return first < second
            }
        }
        return left.prerelease.count < right.prerelease.count
    }
}
