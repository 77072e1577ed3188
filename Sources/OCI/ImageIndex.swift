import JSON

/// A manifest of manifests: a multi-platform image, or the list of what refers to an image.
///
/// Source: OCI Image 1.1, "Image Index"; Docker Image Manifest V2, Schema 2, "Manifest List".
public struct ImageIndex: Sendable, Hashable {
    /// spec/registry.md, "Bounds": far more than any image has platforms or referrers.
    public static let maximumManifests = 1_000

    public let mediaType: String?
    public let artifactType: String?
    public let manifests: [Descriptor]
    public let subject: Descriptor?
    public let annotations: [String: String]

    /// Reads an index; a manifest of layers is an error.
    ///
    /// - Throws: ``ManifestError``.
    public init(parsing bytes: [UInt8], contentType: String? = nil) throws(ManifestError) {
        guard case .index(let index) = try Manifest(parsing: bytes, contentType: contentType) else {
            throw .malformed("it is a manifest of layers, where an index is wanted")
        }
        self = index
    }

    init(_ value: Value) throws(ManifestError) {
        guard let manifests = value["manifests"], manifests.kind == .array else {
            throw .malformed("it has no manifests")
        }
        guard manifests.count <= Self.maximumManifests else {
            throw .tooMany(what: "entries", limit: Self.maximumManifests)
        }
        mediaType = try Descriptor.optionalString(value["mediaType"], "mediaType")
        artifactType = try Descriptor.optionalString(value["artifactType"], "artifactType")
        self.manifests = try Manifest.descriptors(manifests)
        subject = try Manifest.subject(of: value)
        annotations = try Descriptor.annotations(value["annotations"])
    }
}
