/// Media types of manifests and of what they hold.
///
/// Source: OCI Image 1.1, "Media Types"; Docker Image Manifest V2, Schema 1 and 2.
public enum MediaType {
    public static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    public static let ociIndex = "application/vnd.oci.image.index.v1+json"
    public static let ociConfig = "application/vnd.oci.image.config.v1+json"
    public static let ociLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let ociEmpty = "application/vnd.oci.empty.v1+json"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerConfig = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    public static let dockerSchema1 = "application/vnd.docker.distribution.manifest.v1+json"
    public static let dockerSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws"

    /// What a registry is told that we read, best first.
    public static let acceptedManifests = [ociIndex, ociManifest, dockerManifestList, dockerManifest]

    /// `type` without parameters and surrounding space, in lower case (RFC 9110, section 8.3.1).
    public static func essence(of type: String) -> String {
        let end = type.utf8.firstIndex(of: UInt8(ascii: ";")) ?? type.endIndex
        let words = type[..<end].split { $0 == " " || $0 == "\t" }
        return words.joined(separator: " ").lowercased()
    }
}
