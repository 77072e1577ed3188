import OCI
import Policy

/// References, and globs over them.
enum ReferenceTarget: FuzzTarget {
    static let name = "reference"

    private static let digest = Digest(of: [])

    static func run(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 1)
        guard let first = parts.first, let text = String(validating: first, as: UTF8.self) else { return }
        guard let reference = try? ImageReference(parsing: text) else { return }

        let again = try? ImageReference(parsing: reference.normalized)
        require(again?.repository == reference.repository, "the normalised form names the same repository")
        require(reference.matchForms.contains(reference.normalized), "the normalised form can be matched")
        let pinned = try? ImageReference(parsing: reference.pinned(to: digest))
        require(pinned?.digest == digest, "a pinned reference has the digest")
        require(pinned?.repository == reference.repository, "pinning leaves the repository")
        require(ImageGlob("*").covers(reference), "a star covers every image")
        if parts.count == 2, let pattern = String(validating: parts[1], as: UTF8.self) {
            let glob = ImageGlob(pattern)
            if glob.covers(reference), let pinned, reference.digest == nil {
                require(glob.covers(pinned), "pinning an image does not slip it past a rule")
            }
        }
    }
}
