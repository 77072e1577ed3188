/// Why bytes are no manifest that can be used.
public enum ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not what the specification says; what is wrong, and where.
    case malformed(String)
    /// Well formed, but of a kind that is not read; which.
    case unsupported(String)
    /// More of something than is read.
    case tooMany(what: String, limit: Int)

    public var description: String {
        switch self {
        case .malformed(let reason): "malformed manifest: \(reason)"
        case .unsupported(let reason): "unsupported manifest: \(reason)"
        case .tooMany(let what, let limit): "manifest has more than \(limit) \(what)"
        }
    }

    static let schema1 = ManifestError.unsupported(
        "Docker schema 1, whose digest does not name an image's bytes; push the image again with a current client")
}
