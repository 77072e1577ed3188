/// Why a text names no image (or no repository).
public struct ReferenceError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Problem: Sendable, Equatable {
        case empty
        /// The whole text is over ``ReferenceGrammar/maximumLength``.
        case tooLong
        case host
        case port
        case path
        /// Upper-case letters in the repository's path: the most frequent mistake, so it has its own message.
        case upperCasePath
        case pathTooLong
        case tag
        case digest(DigestError)
        /// 64 hex digits, or `sha256:` and hex digits, and nothing else: a node takes that as the ID of an image that
        /// it has already, from whatever registry it once came.
        case imageID
        /// A tag or digest where a repository alone is wanted.
        case notARepository
    }

    /// The text that was refused, cut to what fits a message.
    public let text: String
    public let problem: Problem

    init(_ text: String, _ problem: Problem) {
        self.text = Excerpt.of(text)
        self.problem = problem
    }

    public var description: String {
        if problem == .empty { return "an image reference is empty" }
        let kind = problem == .notARepository ? "a repository" : "an image reference"
        return "'\(text)' is not \(kind): \(reason)"
    }

    private var reason: String {
        switch problem {
        case .empty: "it is empty"
        case .tooLong: "it is longer than \(ReferenceGrammar.maximumLength) bytes"
        case .host: "the registry's host name is malformed"
        case .port: "the registry's port is not a number from 1 to 65535"
        case .path: "the repository's path may hold lower-case letters, digits, and single separators between them"
        case .upperCasePath: "the repository's path must be lower case"
        case .pathTooLong: "the repository's path is longer than \(ReferenceGrammar.maximumPathLength) bytes"
        case .tag: "the tag must be 1 to \(ReferenceGrammar.maximumTagLength) letters, digits, '_', '.' and '-'"
        case .digest(let error): error.description
        case .imageID: "it is the ID of an image on a node, which no registry can vouch for"
        case .notARepository: "it has a tag or a digest"
        }
    }
}
