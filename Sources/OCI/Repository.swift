/// A repository of a registry: what tags and digests live in.
///
/// Source: distribution/reference ("Grammar"); normalisation: spec/verify-images.md, "Images in a resource".
public struct Repository: Sendable, Hashable, CustomStringConvertible {
    /// `host` or `host:port`, in lower case unless nothing else marks it as a host; `docker.io` where none was written.
    public let registry: String
    /// The path that the registry knows, `library/nginx` where `nginx` was written for docker.io.
    public let path: String

    init(registry: String, path: String) {
        self.registry = registry
        self.path = path
    }

    /// Reads `[host[:port]/]path`.
    ///
    /// - Throws: ``ReferenceError`` when it is malformed, or has a tag or digest.
    public init(parsing text: String) throws(ReferenceError) {
        self = try ImageReference(parsing: text, asRepository: true).repository
    }

    /// `registry/path`.
    public var description: String { registry + "/" + path }

    /// `nginx` for `library/nginx`, if the path is of that shape.
    var officialName: String? {
        guard path.hasPrefix(RepositoryName.officialPrefix) else { return nil }
        let name = path.dropFirst(RepositoryName.officialPrefix.count)
        return name.utf8.contains(UInt8(ascii: "/")) ? nil : String(name)
    }
}
