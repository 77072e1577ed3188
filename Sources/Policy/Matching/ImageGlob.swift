import Matching
import OCI

/// A policy's pattern for images, and what it means for a parsed reference.
///
/// A pattern is normalised as a reference is: without a registry it means `docker.io`, and a pattern without a tag
/// and without wildcards in its last element means `latest`. The pattern as written counts as well, so that `*` and
/// `*/app:*` reach over registries.
///
/// Source: spec/verify-images.md, "Images in a resource".
public struct ImageGlob: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as written.
    public let pattern: String
    /// The pattern in every form that it may be compared in.
    private let globs: [Glob]
    /// Whether `latest` was added, because the pattern names neither tag nor digest.
    public let impliesLatest: Bool

    public init(_ pattern: String) {
        self.pattern = pattern
        var forms: [String] = []
        for form in Self.spellings(of: pattern) {
            forms.append(form)
            if Self.lacksTag(form) { forms.append(form + ":latest") }
        }
        impliesLatest = Self.lacksTag(pattern)
        globs = forms.map(Glob.init)
    }

    public var description: String { pattern }

    /// Whether a rule for this pattern is a rule for `image`: in any spelling of its repository, by tag or by digest,
    /// and an image by digest alone also where the pattern would match any tag of its repository. Otherwise pinning
    /// an image would slip it past the rule.
    public func covers(_ image: ImageReference) -> Bool {
        let forms = image.matchForms
        // By index, here and below: this is what most of planning is, and nothing is copied or counted this way.
        for glob in globs.indices {
            for form in forms.indices where globs[glob].matches(forms[form]) { return true }
        }
        guard image.tag == nil else { return false }
        return coversEveryTag(of: image)
    }

    /// Whether this pattern lets `image` pass unverified.
    ///
    /// Beside a digest the tag is decoration, which runtimes ignore: anybody may write an excused tag beside the
    /// digest of something else. So an image with a digest is excused only by a pattern for that digest, or for every
    /// tag.
    public func excuses(_ image: ImageReference) -> Bool {
        guard image.digest != nil else { return covers(image) }
        let isExcusedByDigest = globs.contains { glob in
            image.matchForms.contains { $0.utf8.contains(UInt8(ascii: "@")) && glob.matches($0) }
        }
        return isExcusedByDigest || coversEveryTag(of: image)
    }

    private func coversEveryTag(of image: ImageReference) -> Bool {
        globs.contains { glob in
            image.repositoryForms.contains { glob.matchesEveryContinuation(of: $0 + ":") }
        }
    }

    /// The pattern as written, and as it reads once its registry is normalised as that of a reference is.
    private static func spellings(of pattern: String) -> [String] {
        var spellings = [pattern]
        guard let slash = pattern.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            return spellings + ["docker.io/" + pattern]
        }
        let host = String(pattern[..<slash])
        guard isRegistry(host) else { return spellings + ["docker.io/" + pattern] }
        // Hosts do not differ by case, https's own port says nothing, and Docker's hosts serve the same images.
        var normalized = host.lowercased()
        if normalized.hasSuffix(":443") { normalized.removeLast(4) }
        if normalized == "index.docker.io" || normalized == "registry-1.docker.io" { normalized = "docker.io" }
        if normalized != host { spellings.append(normalized + pattern[slash...]) }
        return spellings
    }

    private static func isRegistry(_ element: String) -> Bool {
        element == "localhost" || element.utf8.contains { [UInt8(ascii: "."), UInt8(ascii: ":")].contains($0) }
            || element.unicodeScalars.contains { ("A"..."Z").contains($0) }
    }

    private static func lacksTag(_ pattern: String) -> Bool {
        let path = pattern.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let last = path.last, !last.isEmpty else { return false }
        return !last.contains { [Glob.star, Glob.question, UInt8(ascii: ":"), UInt8(ascii: "@")].contains($0) }
    }
}
