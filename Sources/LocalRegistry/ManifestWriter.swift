import JSON
import OCI

/// A manifest of layers, written in the order in which Go's libraries write one.
struct ManifestWriter {
    var mediaType = MediaType.ociManifest
    var config: Descriptor
    var layers: [Descriptor]
    var annotations: [String: String] = [:]
    var subject: Descriptor?
    var artifactType: String?

    var bytes: [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("schemaVersion")
        writer.integer(2)
        writer.key("mediaType")
        writer.string(mediaType)
        writer.key("config")
        ManifestJSON.write(config, to: &writer)
        writer.key("layers")
        writer.beginArray()
        for layer in layers { ManifestJSON.write(layer, to: &writer) }
        writer.endArray()
        if !annotations.isEmpty {
            writer.key("annotations")
            ManifestJSON.write(annotations, to: &writer)
        }
        if let subject {
            writer.key("subject")
            ManifestJSON.write(subject, to: &writer)
        }
        if let artifactType {
            writer.key("artifactType")
            writer.string(artifactType)
        }
        writer.endObject()
        return writer.bytes
    }
}
