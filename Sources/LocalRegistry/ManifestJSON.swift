import JSON
import OCI

/// Writes descriptors, indexes of them and what they consist of.
enum ManifestJSON {
    /// An OCI image index.
    ///
    /// - Parameter hidesArtifactTypes: see ``Behaviour/hidesArtifactTypes``.
    static func index(of entries: [Descriptor], hidesArtifactTypes: Bool = false) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("schemaVersion")
        writer.integer(2)
        writer.key("mediaType")
        writer.string(MediaType.ociIndex)
        writer.key("manifests")
        writer.beginArray()
        for entry in entries {
            write(hidesArtifactTypes ? hidden(entry) : entry, to: &writer)
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    static func write(_ descriptor: Descriptor, to writer: inout Writer) {
        writer.beginObject()
        writer.key("mediaType")
        writer.string(descriptor.mediaType)
        writer.key("size")
        writer.integer(descriptor.size)
        writer.key("digest")
        writer.string(descriptor.digest.description)
        if !descriptor.annotations.isEmpty {
            writer.key("annotations")
            write(descriptor.annotations, to: &writer)
        }
        if let platform = descriptor.platform {
            writer.key("platform")
            writer.beginObject()
            writer.key("architecture")
            writer.string(platform.architecture)
            writer.key("os")
            writer.string(platform.os)
            if let variant = platform.variant {
                writer.key("variant")
                writer.string(variant)
            }
            writer.endObject()
        }
        if let artifactType = descriptor.artifactType {
            writer.key("artifactType")
            writer.string(artifactType)
        }
        writer.endObject()
    }

    /// A map of strings, sorted as Go writes one.
    static func write(_ strings: [String: String], to writer: inout Writer) {
        writer.beginObject()
        for (key, value) in strings.sorted(by: { $0.key < $1.key }) {
            writer.key(key)
            writer.string(value)
        }
        writer.endObject()
    }

    private static func hidden(_ entry: Descriptor) -> Descriptor {
        Descriptor(
            mediaType: entry.mediaType, digest: entry.digest, size: entry.size, artifactType: MediaType.ociEmpty)
    }
}
