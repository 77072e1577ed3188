import JSON

/// A manifest of layers: an image, or an artifact such as a signature.
///
/// Source: OCI Image 1.1, "Image Manifest"; Docker Image Manifest V2, Schema 2.
public struct ImageManifest: Sendable, Hashable {
    /// Container runtimes give up at 127 layers, and a signature manifest that was signed a thousand times is an attack
    /// or a mistake (cosign's CVE-2024-29902 was about this).
    public static let maximumLayers = 1_000

    public let mediaType: String?
    public let artifactType: String?
    public let config: Descriptor
    public let layers: [Descriptor]
    public let subject: Descriptor?
    public let annotations: [String: String]

    /// Reads a manifest of layers; an index is an error.
    ///
    /// - Throws: ``ManifestError``.
    public init(parsing bytes: [UInt8], contentType: String? = nil) throws(ManifestError) {
        guard case .image(let image) = try Manifest(parsing: bytes, contentType: contentType) else {
            throw .malformed("it is an index, where a manifest of layers is wanted")
        }
        self = image
    }

    init(_ value: Value) throws(ManifestError) {
        guard let config = value["config"] else { throw .malformed("it has no config") }
        guard let layers = value["layers"], layers.kind == .array else { throw .malformed("it has no layers") }
        guard layers.count <= Self.maximumLayers else { throw .tooMany(what: "layers", limit: Self.maximumLayers) }

        mediaType = try Descriptor.optionalString(value["mediaType"], "mediaType")
        artifactType = try Descriptor.optionalString(value["artifactType"], "artifactType")
        self.config = try Descriptor(config)
        self.layers = try Manifest.descriptors(layers)
        subject = try Manifest.subject(of: value)
        annotations = try Descriptor.annotations(value["annotations"])
    }
}
