import JSON

/// What a manifest says about content that it refers to.
///
/// Source: OCI Image 1.1, "Content Descriptors".
public struct Descriptor: Sendable, Hashable {
    /// As written, parameters included: a hint, until the content has been read.
    public let mediaType: String
    public let digest: Digest
    /// The content's length in bytes, 0 or more.
    public let size: Int
    public let annotations: [String: String]
    /// A hint that some registries and clients fill with another type than the manifest's own.
    public let artifactType: String?
    public let platform: Platform?

    public init(
        mediaType: String, digest: Digest, size: Int, annotations: [String: String] = [:], artifactType: String? = nil,
        platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.artifactType = artifactType
        self.platform = platform
    }

    /// Reads a descriptor object.
    ///
    /// - Throws: ``ManifestError/malformed(_:)``, or ``ManifestError/unsupported(_:)`` for a digest that is not SHA-256.
    public init(_ value: Value) throws(ManifestError) {
        guard value.kind == .object else { throw .malformed("a descriptor is not an object") }
        guard let mediaType = value["mediaType"]?.string, !mediaType.isEmpty else {
            throw .malformed("a descriptor has no mediaType")
        }
        guard let digestText = value["digest"]?.string else { throw .malformed("a descriptor has no digest") }
        guard let size = value["size"]?.integer, size >= 0 else {
            throw .malformed("the descriptor of \(Excerpt.of(digestText)) has no size")
        }
        do throws(DigestError) {
            digest = try Digest(parsing: digestText)
        } catch .unsupportedAlgorithm(let name) {
            throw .unsupported("digest algorithm '\(name)', only sha256 is supported")
        } catch {
            throw .malformed(error.description)
        }
        self.mediaType = mediaType
        self.size = size
        annotations = try Self.annotations(value["annotations"])
        artifactType = try Self.optionalString(value["artifactType"], "artifactType")
        platform = try value["platform"].flatMap(Platform.init)
    }

    /// A map of strings to strings; absent and null are empty.
    static func annotations(_ value: Value?) throws(ManifestError) -> [String: String] {
        guard let value, !value.isNull else { return [:] }
        guard value.kind == .object else { throw .malformed("annotations are not an object") }
        var annotations: [String: String] = [:]
        for (key, member) in value.members {
            guard let text = member.string else { throw .malformed("annotation '\(Excerpt.of(key))' is not a string") }
            annotations[key] = text
        }
        return annotations
    }

    /// A string; absent, null and empty are nil.
    static func optionalString(_ value: Value?, _ field: String) throws(ManifestError) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.string else { throw .malformed("\(field) is not a string") }
        return text.isEmpty ? nil : text
    }
}

/// What an image in an index runs on.
public struct Platform: Sendable, Hashable, CustomStringConvertible {
    public let os: String
    public let architecture: String
    public let variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// nil where the object names no platform (registries list artifacts so).
    init?(_ value: Value) throws(ManifestError) {
        if value.isNull { return nil }
        guard value.kind == .object else { throw .malformed("a platform is not an object") }
        guard let os = try Descriptor.optionalString(value["os"], "platform.os"),
            let architecture = try Descriptor.optionalString(value["architecture"], "platform.architecture")
        else { return nil }
        self.os = os
        self.architecture = architecture
        variant = try Descriptor.optionalString(value["variant"], "platform.variant")
    }

    /// `linux/arm64/v8`.
    public var description: String { os + "/" + architecture + (variant.map { "/" + $0 } ?? "") }
}
