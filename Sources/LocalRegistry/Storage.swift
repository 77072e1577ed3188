import JSON
import OCI

/// A manifest as it is kept: bytes, and the type that it was pushed with.
public struct StoredManifest: Sendable, Hashable {
    public let bytes: [UInt8]
    public let mediaType: String
    public let digest: Digest

    public init(bytes: [UInt8], mediaType: String) {
        self.bytes = bytes
        self.mediaType = mediaType
        digest = Digest(of: bytes)
    }

    /// What an index or a `subject` says of it.
    public var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: bytes.count) }
}

/// What the registry holds. A value; ``LocalRegistry`` keeps it behind a lock.
struct Storage: Sendable {
    private struct Repository {
        var blobs: [Digest: [UInt8]] = [:]
        var manifests: [Digest: StoredManifest] = [:]
        var tags: [String: Digest] = [:]
        /// By subject, in the order in which they came.
        var referrers: [Digest: [Descriptor]] = [:]
    }

    private var repositories: [String: Repository] = [:]

    func exists(_ repository: String) -> Bool { repositories[repository] != nil }

    func blob(_ digest: Digest, in repository: String) -> [UInt8]? { repositories[repository]?.blobs[digest] }

    mutating func put(blob: [UInt8], in repository: String) -> Digest {
        let digest = Digest(of: blob)
        repositories[repository, default: Repository()].blobs[digest] = blob
        return digest
    }

    /// By tag or digest.
    func manifest(_ reference: String, in repository: String) -> StoredManifest? {
        guard let repository = repositories[repository] else { return nil }
        if reference.utf8.contains(UInt8(ascii: ":")) {
            return (try? Digest(parsing: reference)).flatMap { repository.manifests[$0] }
        }
        return repository.tags[reference].flatMap { repository.manifests[$0] }
    }

    /// Keeps a manifest, under a tag where one is given, and lists it with its subject's referrers.
    mutating func put(_ manifest: StoredManifest, in repository: String, tag: String?) {
        let links = Links(of: manifest)
        let isNew = repositories[repository]?.manifests[manifest.digest] == nil
        repositories[repository, default: Repository()].manifests[manifest.digest] = manifest
        if let tag { repositories[repository]?.tags[tag] = manifest.digest }
        if isNew, let subject = links.subject {
            repositories[repository]?.referrers[subject, default: []].append(links.descriptor)
        }
    }

    mutating func remove(_ reference: String, in repository: String) -> Bool {
        guard let manifest = manifest(reference, in: repository) else { return false }
        if !reference.utf8.contains(UInt8(ascii: ":")) {
            repositories[repository]?.tags[reference] = nil
            return true
        }
        repositories[repository]?.manifests[manifest.digest] = nil
        for (tag, digest) in repositories[repository]?.tags ?? [:] where digest == manifest.digest {
            repositories[repository]?.tags[tag] = nil
        }
        if let subject = Links(of: manifest).subject {
            repositories[repository]?.referrers[subject]?.removeAll { $0.digest == manifest.digest }
        }
        return true
    }

    func referrers(of subject: Digest, in repository: String) -> [Descriptor] {
        repositories[repository]?.referrers[subject] ?? []
    }

    func tags(in repository: String) -> [String] { (repositories[repository]?.tags.keys.sorted()) ?? [] }
}

/// What a registry reads out of a manifest that it is given: little, so that it can hold malformed ones for tests.
struct Links {
    let subject: Digest?
    /// As the referrers API lists it (OCI Distribution 1.1, "Listing Referrers").
    let descriptor: Descriptor

    init(of manifest: StoredManifest) {
        let root = (try? Document(manifest.bytes, duplicateKeys: .keepLast))?.root
        subject = (root?["subject"]?["digest"]?.string).flatMap { try? Digest(parsing: $0) }
        var annotations: [String: String] = [:]
        if let members = root?["annotations"]?.members {
            for (key, value) in members { annotations[key] = value.string }
        }
        descriptor = Descriptor(
            mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.count,
            annotations: annotations,
            artifactType: root?["artifactType"]?.string ?? root?["config"]?["mediaType"]?.string)
    }
}
