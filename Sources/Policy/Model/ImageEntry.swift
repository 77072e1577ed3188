import OCI
import Verification

/// One entry of `verifyImages`, compiled: which images it is about and what they must satisfy.
public final class ImageEntry: Sendable {
    /// What an entry has to do with an image.
    public enum Selection: Sendable, Hashable {
        /// The entry is not about the image.
        case no
        /// The entry is about the image.
        case matches
        /// The entry is about the image, and says to leave it: neither verified nor pinned, reported as skipped.
        case skipped
    }

    public let imageReferences: [ImageGlob]
    public let skipImageReferences: [ImageGlob]
    /// What a matching image must satisfy.
    public let requirement: RequirementSource
    /// Writes the verified digest beside the tag.
    public let mutateDigest: Bool
    /// Demands a digest in the validating call.
    public let verifyDigest: Bool
    /// Demands in the validating call that the image verifies.
    public let required: Bool
    /// The entry's own action; nil means the policy's.
    public let failureAction: FailureAction?
    /// What is asked of the statements that attestations were verified with; nil for nothing.
    public let statements: StatementRules?
    /// Pull secrets of the server's own namespace that open the images' registries, before any others.
    public let registrySecrets: [String]

    public init(
        imageReferences: [ImageGlob], skipImageReferences: [ImageGlob] = [], requirement: RequirementSource,
        mutateDigest: Bool = true, verifyDigest: Bool = true, required: Bool = true,
        failureAction: FailureAction? = nil, statements: StatementRules? = nil, registrySecrets: [String] = []
    ) {
        self.registrySecrets = registrySecrets
        self.statements = statements
        self.imageReferences = imageReferences
        self.skipImageReferences = skipImageReferences
        self.requirement = requirement
        self.mutateDigest = mutateDigest
        self.verifyDigest = verifyDigest
        self.required = required
        self.failureAction = failureAction
    }

    var variables: [Variable] {
        if case .templated(let template) = requirement { return template.variables }
        return []
    }

    var secrets: [SecretReference] {
        if case .templated(let template) = requirement { return template.secrets }
        return []
    }

    /// Whether the entry means something else from request to request.
    var usesVariables: Bool {
        if case .templated = requirement { return true }
        return statements != nil
    }

    public func selection(of image: ImageReference) -> Selection {
        // By index, for the reason that ``ImageGlob/covers(_:)`` gives.
        guard imageReferences.indices.contains(where: { imageReferences[$0].covers(image) }) else { return .no }
        return skipImageReferences.contains { $0.excuses(image) } ? .skipped : .matches
    }
}
