/// A parsed image reference: `[host[:port]/]path[:tag][@digest]`.
///
/// A value that exists is well formed and normalised: no registry means `docker.io`, neither tag nor digest means
/// `latest`.
///
/// A class, because references are handed about a lot: passing one on is one count, not one for each of its parts.
///
/// Source: distribution/reference ("Grammar"); spec/verify-images.md, "Images in a resource".
public final class ImageReference: Sendable, CustomStringConvertible {
    /// The text that was parsed, unchanged.
    public let original: String
    public let repository: Repository
    /// The tag as written, if one was.
    public let writtenTag: String?
    /// The digest as written, if one was.
    public let digest: Digest?
    /// Every `registry/path` that a policy may have written for ``repository``, the normalised one first. An image by
    /// digest alone has no tag that a glob could match: a matcher asks with these whether the glob would match any tag.
    public let repositoryForms: [String]
    /// Every string that a policy's glob may match, the normalised one first: `registry/path:tag` where there is a tag,
    /// `registry/path@digest` where there is a digest, in every spelling of the repository.
    public let matchForms: [String]

    /// The tag that a registry is asked for: as written, or `latest` where neither tag nor digest was written, or nil.
    public var tag: String? { writtenTag ?? (digest == nil ? "latest" : nil) }

    /// - Throws: ``ReferenceError``.
    public convenience init(parsing text: String) throws(ReferenceError) {
        try self.init(parsing: text, asRepository: false)
    }

    init(parsing text: String, asRepository: Bool) throws(ReferenceError) {
        guard !text.isEmpty else { throw ReferenceError(text, .empty) }
        guard text.utf8.count <= ReferenceGrammar.maximumLength else { throw ReferenceError(text, .tooLong) }
        guard !Self.isImageID(text) else { throw ReferenceError(text, .imageID) }

        // (1) Everything after the first `@` is the digest.
        var rest = text[...]
        var digest: Digest?
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
            do throws(DigestError) {
                digest = try Digest(parsing: String(rest[rest.utf8.index(after: at)...]))
            } catch {
                throw ReferenceError(text, .digest(error))
            }
            rest = rest[..<at]
        }

        // (2) A colon in the last element starts the tag; one before it belongs to a port.
        let lastElement = rest.utf8.lastIndex(of: UInt8(ascii: "/")) ?? rest.startIndex
        var tag: String?
        if let colon = rest[lastElement...].utf8.firstIndex(of: UInt8(ascii: ":")) {
            let written = rest[rest.utf8.index(after: colon)...]
            guard ReferenceGrammar.isTag(written) else { throw ReferenceError(text, .tag) }
            tag = String(written)
            rest = rest[..<colon]
        }
        if asRepository && (tag != nil || digest != nil) { throw ReferenceError(text, .notARepository) }

        // (3) The rest names the repository.
        let name = try RepositoryName(parsing: rest, of: text)

        original = text
        repository = name.repository
        writtenTag = tag
        self.digest = digest
        repositoryForms = name.forms
        matchForms = Self.matchForms(name.forms, tag: tag ?? (digest == nil ? "latest" : nil), digest: digest)
    }

    /// `registry/path@digest` where there is a digest, else `registry/path:tag`.
    public var normalized: String {
        if let digest { return "\(repository)@\(digest)" }
        return "\(repository):\(tag ?? "latest")"
    }

    public var description: String { original }

    /// What an image field is rewritten to, so that it means `digest` whatever its tag comes to mean: the original
    /// spelling, `:latest` where nothing was written, and `@digest`.
    public func pinned(to digest: Digest) -> String {
        guard self.digest == nil else {
            let end = original.utf8.firstIndex(of: UInt8(ascii: "@")) ?? original.endIndex
            return original[..<end] + "@" + digest.description
        }
        return original + (writtenTag == nil ? ":latest@" : "@") + digest.description
    }

    private static func matchForms(_ repositories: [String], tag: String?, digest: Digest?) -> [String] {
        var suffixes: [String] = []
        if let digest { suffixes.append("@" + digest.description) }
        if let tag { suffixes.append(":" + tag) }
        var forms: [String] = []
        forms.reserveCapacity(repositories.count * suffixes.count)
        for repository in repositories {
            for suffix in suffixes { forms.append(repository + suffix) }
        }
        return forms
    }

    /// Container runtimes look these up among the images they have before they think of a registry: 64 hex digits, or
    /// `sha256:` and (a prefix of) an ID.
    private static func isImageID(_ text: String) -> Bool {
        if text.hasPrefix("sha256:") { return text.utf8.dropFirst(7).allSatisfy(ReferenceGrammar.isHexDigit) }
        return text.utf8.count == 64 && text.utf8.allSatisfy(ReferenceGrammar.isHexDigit)
    }
}

// Everything follows from the text.
extension ImageReference: Hashable {
    public static func == (a: ImageReference, b: ImageReference) -> Bool { a.original == b.original }
    public func hash(into hasher: inout Hasher) { hasher.combine(original) }
}
