import JSON
import OCI
import Registry

/// What an image says about itself: its manifest and its configuration.
public struct ImageContents: Sendable {
    /// What the reference stands for: an index's digest where it is one.
    public let digest: Digest
    /// The manifest of the image for linux/amd64, or of the only one there is.
    public let manifest: Document
    public let configuration: Document

    /// A configuration holds a line for each layer and each variable; the largest known are below 100 KB.
    static let maximumConfigurationBytes = 1 << 20
}

extension ImageVerifier {
    /// Fetches an image's manifest and configuration, each hashed on the way. Proves nothing about who made them.
    ///
    /// - Throws: ``VerificationFailure``, a registry's above all.
    public func contents(
        of reference: ImageReference, with keychain: Keychain = .empty, deadline: ContinuousClock.Instant
    ) async throws(VerificationFailure) -> ImageContents {
        // (1) The tag is resolved as a check would resolve it.
        let image = try await resolve(reference, pinned: true, with: keychain, deadline: deadline)
        let repository = reference.repository
        let source = source.with(keychain.narrowed(to: [repository]))

        do throws(RegistryFailure) {
            // (2) Of an index, the image for linux/amd64 counts, as in Kyverno.
            var fetched = try await source.manifest(.digest(image.digest), in: repository, deadline: deadline)
            if case .index(let index) = fetched.manifest {
                guard let platform = Self.chosen(from: index) else {
                    throw .malformed(what: "index of \(reference)", reason: "it holds no image for linux/amd64")
                }
                fetched = try await source.manifest(.digest(platform.digest), in: repository, deadline: deadline)
            }
            guard case .image(let manifest) = fetched.manifest else {
                throw .malformed(what: "index of \(reference)", reason: "it holds another index")
            }

            // (3) The configuration that the manifest names.
            let configuration = try await source.content(
                of: manifest.config, in: repository, limit: ImageContents.maximumConfigurationBytes, setting: nil,
                deadline: deadline)
            return ImageContents(
                digest: image.digest, manifest: try Self.document(fetched.bytes, "manifest"),
                configuration: try Self.document(configuration, "configuration"))
        } catch {
            throw .registry(error)
        }
    }

    private static func chosen(from index: ImageIndex) -> Descriptor? {
        if index.manifests.count == 1 { return index.manifests.first }
        return index.manifests.first { $0.platform?.os == "linux" && $0.platform?.architecture == "amd64" }
    }

    private static func document(_ bytes: [UInt8], _ what: String) throws(RegistryFailure) -> Document {
        do throws(ParseError) {
            return try Document(bytes)
        } catch {
            throw .malformed(what: what, reason: error.description)
        }
    }
}
