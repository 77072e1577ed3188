import JMESPath
import JSON
import OCI
import Registry
import Verification

/// Where the manifest and configuration of an image are had from, for `imageRegistry` entries of a context.
public protocol ImageMetadataSource: Sendable {
    /// `{image, resolvedImage, registry, repository, identifier, manifest, configData}` of the image that `text` names.
    ///
    /// - Throws: ``RuleFailure`` when it is no reference, or the registry does not give what was asked.
    func metadata(of text: String, deadline: ContinuousClock.Instant) async throws(RuleFailure) -> Node
}

extension ImageVerifier: ImageMetadataSource {
    public func metadata(of text: String, deadline: ContinuousClock.Instant) async throws(RuleFailure) -> Node {
        try await metadata(of: text, with: .empty, deadline: deadline)
    }

    /// - Parameter keychain: what whoever sent the request brings to open registries with.
    public func metadata(
        of text: String, with keychain: Keychain, deadline: ContinuousClock.Instant
    ) async throws(RuleFailure) -> Node {
        let reference: ImageReference
        do throws(ReferenceError) {
            reference = try ImageReference(parsing: text)
        } catch {
            throw RuleFailure("image reference \"\(text.prefix(128))\" is invalid: \(error)")
        }
        do throws(VerificationFailure) {
            return try Self.node(reference, try await contents(of: reference, with: keychain, deadline: deadline))
        } catch {
            throw RuleFailure("image \(reference): \(error)")
        }
    }

    private static func node(
        _ reference: ImageReference, _ contents: ImageContents
    ) throws(VerificationFailure) -> Node {
        var node = ObjectNode()
        node.set("image", to: .string(reference.original))
        node.set("resolvedImage", to: .string("\(reference.repository)@\(contents.digest)"))
        node.set("registry", to: .string(reference.repository.registry))
        node.set("repository", to: .string(reference.repository.path))
        node.set("identifier", to: .string(reference.digest?.description ?? reference.tag ?? ""))
        node.set("manifest", to: .json(contents.manifest.root))
        node.set("configData", to: .json(contents.configuration.root))
        return .object(node)
    }
}
