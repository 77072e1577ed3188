import Foundation
import OpenSSL

/// A manifest as a registry keeps it.
struct PushedManifest: Sendable {
    var bytes: [UInt8]
    var mediaType: String

    /// Computed over the bytes, as a verifier must.
    var digest: String { "sha256:" + SHA256Digest(of: bytes).hex }
}

/// Puts images into a registry over the distribution API, and reads what a registry holds.
struct Pusher: Sendable {
    static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    static let ociIndex = "application/vnd.oci.image.index.v1+json"
    static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

    let host: String
    let curl: Curl
    var access: DockerRegistry.Access?

    private func send(
        _ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil
    ) async throws -> Curl.Answer {
        let url = path.hasPrefix("/") ? "\(access == nil ? "http" : "https")://\(host)\(path)" : path
        let options =
            access == nil ? [] : ["--user", "\(DockerRegistry.Access.user):\(DockerRegistry.Access.password)"]
        return try await curl.send(
            method, url, headers: headers, body: body, caFile: access?.caFile, options: options)
    }

    /// Pushes a small image that differs from every image of another `label`, and returns its digest.
    @discardableResult
    func image(_ repository: String, _ tag: String, label: String, docker: Bool = false) async throws -> String {
        let layer = Array("layer of \(label)\n".utf8)
        let layerDigest = try await blob(repository, layer)
        let configuration = Array(
            """
            {"architecture":"amd64","os":"linux","config":{"Labels":{"name":"\(label)"}},\
            "rootfs":{"type":"layers","diff_ids":["\(layerDigest)"]}}
            """.utf8)
        let configurationDigest = try await blob(repository, configuration)
        let family = docker ? "application/vnd.docker.container" : "application/vnd.oci"
        let layerType =
            docker ? "application/vnd.docker.image.rootfs.diff.tar" : "application/vnd.oci.image.layer.v1.tar"
        let configurationType = docker ? "\(family).image.v1+json" : "\(family).image.config.v1+json"
        let mediaType = docker ? Self.dockerManifest : Self.ociManifest
        return try await manifest(
            repository, tag,
            PushedManifest(
                bytes: Array(
                    """
                    {"schemaVersion":2,"mediaType":"\(mediaType)",\
                    "config":{"mediaType":"\(configurationType)","digest":"\(configurationDigest)",\
                    "size":\(configuration.count)},\
                    "layers":[{"mediaType":"\(layerType)","digest":"\(layerDigest)","size":\(layer.count)}]}
                    """.utf8), mediaType: mediaType))
    }

    /// Pushes an index over one image for each platform, and returns the index's digest.
    @discardableResult
    func index(_ repository: String, _ tag: String, label: String) async throws -> String {
        var entries: [String] = []
        for architecture in ["amd64", "arm64"] {
            let digest = try await image(repository, "\(tag)-\(architecture)", label: "\(label)-\(architecture)")
            let size = try await fetch(repository, digest).bytes.count
            entries.append(
                """
                {"mediaType":"\(Self.ociManifest)","digest":"\(digest)","size":\(size),\
                "platform":{"architecture":"\(architecture)","os":"linux"}}
                """)
        }
        let bytes = Array(
            """
            {"schemaVersion":2,"mediaType":"\(Self.ociIndex)","manifests":[\(entries.joined(separator: ","))]}
            """.utf8)
        return try await manifest(repository, tag, PushedManifest(bytes: bytes, mediaType: Self.ociIndex))
    }

    /// Uploads a blob and returns its digest.
    func blob(_ repository: String, _ bytes: [UInt8]) async throws -> String {
        let digest = "sha256:" + SHA256Digest(of: bytes).hex
        let opened = try await send("POST", "/v2/\(repository)/blobs/uploads/", body: [])
        guard opened.status == 202, let location = opened.header("location") else {
            throw CommandFailure(description: "\(host) opens no upload: \(opened.status) \(opened.text)")
        }
        let separator = location.contains("?") ? "&" : "?"
        let stored = try await send(
            "PUT", "\(location)\(separator)digest=\(digest)", headers: ["Content-Type: application/octet-stream"],
            body: bytes)
        guard stored.status == 201 else {
            throw CommandFailure(description: "\(host) takes no blob: \(stored.status) \(stored.text)")
        }
        return digest
    }

    /// Stores a manifest under a tag or digest, and returns its digest.
    @discardableResult
    func manifest(_ repository: String, _ reference: String, _ manifest: PushedManifest) async throws -> String {
        let stored = try await send(
            "PUT", "/v2/\(repository)/manifests/\(reference)",
            headers: ["Content-Type: \(manifest.mediaType)"], body: manifest.bytes)
        guard stored.status == 201 else {
            throw CommandFailure(description: "\(host) takes no manifest: \(stored.status) \(stored.text)")
        }
        return manifest.digest
    }

    /// What the registry answers for a tag or digest.
    func fetch(_ repository: String, _ reference: String) async throws -> PushedManifest {
        let accepted = [Self.ociManifest, Self.ociIndex, Self.dockerManifest].joined(separator: ", ")
        let answer = try await send(
            "GET", "/v2/\(repository)/manifests/\(reference)", headers: ["Accept: \(accepted)"])
        guard answer.status == 200 else {
            throw CommandFailure(
                description: "\(host)/\(repository) has no \(reference): \(answer.status) \(answer.text)")
        }
        return PushedManifest(bytes: answer.body, mediaType: answer.header("content-type") ?? "")
    }

    /// Lays the cosign 2 signatures of one image beside another, as somebody would who has no key.
    func moveSignatures(_ repository: String, of signed: String, to target: String) async throws {
        let signatures = try await fetch(repository, Self.tag(signed) + ".sig")
        try await manifest(repository, Self.tag(target) + ".sig", signatures)
    }

    /// Makes the bundles of one image refer to another, in a registry without the referrers API: each referring
    /// manifest is stored again with the other subject, and the fallback index that lists them as well.
    func moveBundles(_ repository: String, of signed: String, to target: String) async throws {
        let subject = try await fetch(repository, target)
        var entries: [[String: Any]] = []
        for entry in try Self.object(try await fetch(repository, Self.tag(signed)).bytes)["manifests"]
            as? [[String: Any]] ?? []
        {
            let referring = try await fetch(repository, entry["digest"] as? String ?? "")
            let moved = try Self.replacingSubject(of: referring, with: subject)
            try await manifest(repository, moved.digest, moved)
            var changed = entry
            changed["digest"] = moved.digest
            changed["size"] = moved.bytes.count
            entries.append(changed)
        }
        let index: [String: Any] = ["schemaVersion": 2, "mediaType": Self.ociIndex, "manifests": entries]
        let bytes = Array(try JSONSerialization.data(withJSONObject: index, options: [.sortedKeys]))
        try await manifest(repository, Self.tag(target), PushedManifest(bytes: bytes, mediaType: Self.ociIndex))
    }

    /// `sha256-…`, the form of a digest that a tag can have.
    static func tag(_ digest: String) -> String { digest.replacing(":", with: "-") }

    static func replacingSubject(of referring: PushedManifest, with subject: PushedManifest) throws -> PushedManifest {
        var manifest = try object(referring.bytes)
        manifest["subject"] = [
            "mediaType": subject.mediaType, "digest": subject.digest, "size": subject.bytes.count,
        ]
        let bytes = Array(try JSONSerialization.data(withJSONObject: manifest, options: [.sortedKeys]))
        return PushedManifest(bytes: bytes, mediaType: referring.mediaType)
    }

    static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
    }
}
