import JSON

/// A manifest of either kind, in either family of media types.
public enum Manifest: Sendable, Hashable {
    case image(ImageManifest)
    case index(ImageIndex)

    /// spec/registry.md, "Bounds": registries themselves refuse larger ones.
    public static let maximumBytes = 4 << 20

    /// Reads a manifest, and refuses one that two readers could take for two things (CVE-2021-41190): the media type in
    /// the body, the response's `Content-Type` and the body's shape must agree, and no key may appear twice.
    ///
    /// - Parameter contentType: the response's `Content-Type`, nil when there was none.
    /// - Throws: ``ManifestError``.
    public init(parsing bytes: [UInt8], contentType: String?) throws(ManifestError) {
        // (1) One JSON object, with each key once.
        let document: Document
        do throws(ParseError) {
            document = try Document(
                bytes, limits: ParseLimits(maximumBytes: Self.maximumBytes), duplicateKeys: .refuse)
        } catch {
            throw .malformed(error.description)
        }
        let root = document.root
        guard root.kind == .object else { throw .malformed("it is not a JSON object") }

        // (2) Of schema version 2.
        let served = contentType.map(MediaType.essence)
        if served == MediaType.dockerSchema1 || served == MediaType.dockerSchema1Signed
            || root["schemaVersion"]?.integer == 1
        {
            throw .schema1
        }
        guard root["schemaVersion"]?.integer == 2 else { throw .malformed("schemaVersion is not 2") }

        // (3) Of one shape.
        let isIndex = root["manifests"] != nil
        let isImage = root["layers"] != nil || root["config"] != nil
        guard root["fsLayers"] == nil, !(isIndex && isImage) else {
            throw .malformed("it has the fields of more than one kind of manifest")
        }
        guard isIndex || isImage else { throw .malformed("it has neither layers nor manifests") }

        // (4) Whose media types, where given, agree with that shape and with each other.
        let written = try Descriptor.optionalString(root["mediaType"], "mediaType")
        try Self.checkMediaTypes(written: written, served: served, isIndex: isIndex)

        self = isIndex ? .index(try ImageIndex(root)) : .image(try ImageManifest(root))
    }

    private static func checkMediaTypes(written: String?, served: String?, isIndex: Bool) throws(ManifestError) {
        let known = MediaType.acceptedManifests
        let expected = isIndex ? indexTypes : imageTypes
        if let written {
            guard known.contains(written) else { throw .unsupported("mediaType '\(Excerpt.of(written))'") }
            guard expected.contains(written) else {
                throw .malformed("its mediaType is '\(written)', and its fields are another kind's")
            }
        }
        // Content types that say nothing about manifests (static file servers send them) leave it to the body.
        guard let served, known.contains(served) else { return }
        guard expected.contains(served) else {
            throw .malformed("it was served as '\(served)', and its fields are another kind's")
        }
        guard written == nil || written == served else {
            throw .malformed("its mediaType is '\(Excerpt.of(written ?? ""))', and it was served as '\(served)'")
        }
    }

    private static let imageTypes = [MediaType.ociManifest, MediaType.dockerManifest]
    private static let indexTypes = [MediaType.ociIndex, MediaType.dockerManifestList]

    static func descriptors(_ array: Value) throws(ManifestError) -> [Descriptor] {
        var descriptors: [Descriptor] = []
        descriptors.reserveCapacity(array.count)
        for element in array.elements { descriptors.append(try Descriptor(element)) }
        return descriptors
    }

    static func subject(of value: Value) throws(ManifestError) -> Descriptor? {
        guard let subject = value["subject"], !subject.isNull else { return nil }
        return try Descriptor(subject)
    }
}
