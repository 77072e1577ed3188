import JSON
import OCI

/// An in-toto statement about an image, of the type that was asked for, whose signature was verified.
///
/// A value exists only where that holds; whose signature it was, the one who asked knows.
/// Source: spec/verify-images.md, "Attestations".
public struct VerifiedStatement: Sendable {
    public let predicateType: String
    /// The whole statement, as it was signed.
    public let document: Document
    /// What the statement says; nil where it says nothing (Statement v1 lets a predicate be missing).
    public let predicate: Value?
    /// SHA-256 of the bytes that were signed: two candidates with the same statement are one statement.
    public let digest: Digest

    init(_ statement: Statement, payload: [UInt8]) {
        predicateType = statement.predicateType
        document = statement.document
        predicate = statement.document.root["predicate"]
        digest = Digest(of: payload)
    }

    /// About how much memory it takes, in bytes.
    public var footprint: Int { document.footprint }
}

extension VerifiedStatement: Hashable {
    public static func == (a: VerifiedStatement, b: VerifiedStatement) -> Bool { a.digest == b.digest }
    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
