import JSON
import OCI

// Small images to sign and to pull: well formed, and different from each other.
extension LocalRegistry {
    /// An empty tar archive: two blocks of zeros (POSIX ustar).
    private static let emptyArchive = [UInt8](repeating: 0, count: 1024)

    /// Pushes an image of one empty layer.
    ///
    /// - Parameters:
    ///   - tag: nil to push by digest only.
    ///   - label: makes the image; two pushes with the same label push the same image. Random when nil.
    ///   - isDocker: writes Docker's media types instead of OCI's.
    @discardableResult
    public func pushImage(
        to repository: String, tag: String? = nil, label: String? = nil, isDocker: Bool = false,
        platform: Platform = Platform(os: "linux", architecture: "amd64")
    ) -> Digest {
        let layer = put(blob: Self.emptyArchive, in: repository)
        let configuration = Self.configuration(platform, label: label ?? randomName(), layer: layer)
        let configurationDigest = put(blob: configuration, in: repository)
        let manifestType = isDocker ? MediaType.dockerManifest : MediaType.ociManifest
        let manifest = ManifestWriter(
            mediaType: manifestType,
            config: Descriptor(
                mediaType: isDocker ? MediaType.dockerConfig : MediaType.ociConfig, digest: configurationDigest,
                size: configuration.count),
            layers: [
                Descriptor(
                    mediaType: isDocker
                        ? "application/vnd.docker.image.rootfs.diff.tar" : "application/vnd.oci.image.layer.v1.tar",
                    digest: layer, size: Self.emptyArchive.count)
            ])
        return put(manifest: manifest.bytes, mediaType: manifestType, in: repository, tag: tag).digest
    }

    /// Pushes an index of one image for each platform, which are pushed by digest.
    @discardableResult
    public func pushIndex(
        to repository: String, tag: String? = nil, label: String? = nil,
        platforms: [Platform] = [
            Platform(os: "linux", architecture: "amd64"),
            Platform(os: "linux", architecture: "arm64", variant: "v8"),
        ]
    ) -> Digest {
        var entries: [Descriptor] = []
        for platform in platforms {
            let digest = pushImage(to: repository, label: label.map { "\($0) \(platform)" }, platform: platform)
            guard let image = manifest(digest.description, in: repository) else { continue }
            entries.append(
                Descriptor(
                    mediaType: image.mediaType, digest: digest, size: image.bytes.count, platform: platform))
        }
        let index = ManifestJSON.index(of: entries)
        return put(manifest: index, mediaType: MediaType.ociIndex, in: repository, tag: tag).digest
    }

    private static func configuration(_ platform: Platform, label: String, layer: Digest) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("architecture")
        writer.string(platform.architecture)
        writer.key("os")
        writer.string(platform.os)
        if let variant = platform.variant {
            writer.key("variant")
            writer.string(variant)
        }
        writer.key("config")
        writer.beginObject()
        writer.key("Labels")
        ManifestJSON.write(["name": label], to: &writer)
        writer.endObject()
        writer.key("rootfs")
        writer.beginObject()
        writer.key("type")
        writer.string("layers")
        writer.key("diff_ids")
        writer.beginArray()
        writer.string(layer.description)
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
