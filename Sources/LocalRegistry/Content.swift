import HTTPServer
import JSON
import OCI

// Manifests, blobs and lists of them (OCI Distribution 1.1, "Pull", "Pushing Manifests", "Content Discovery").
extension RegistryState {
    func manifest(_ reference: String, in repository: String) -> Answer {
        guard let manifest = storage.manifest(reference, in: repository) else {
            return storage.exists(repository)
                ? Answer(404, .manifestUnknown, "manifest unknown")
                : Answer(404, .nameUnknown, "repository name not known to registry")
        }
        let headers = [
            (name: "Content-Type", value: manifest.mediaType),
            (name: Answer.digestHeader, value: manifest.digest.description),
        ]
        return Answer(200, headers: headers, body: manifest.bytes)
    }

    mutating func put(_ manifest: StoredManifest, as reference: String, in repository: String) -> Answer {
        guard let root = (try? Document(manifest.bytes, duplicateKeys: .keepLast))?.root, root.kind == .object else {
            return Answer(400, .manifestInvalid, "manifest invalid")
        }
        let isDigest = reference.utf8.contains(UInt8(ascii: ":"))
        guard !isDigest || reference == manifest.digest.description else {
            return Answer(400, .digestInvalid, "provided digest did not match uploaded content")
        }
        storage.put(manifest, in: repository, tag: isDigest ? nil : reference)
        var headers = [
            (name: "Location", value: "/v2/\(repository)/manifests/\(manifest.digest)"),
            (name: Answer.digestHeader, value: manifest.digest.description),
        ]
        // Says that we list it ourselves, so that the client need not keep a fallback index.
        if behaviour.referrers == .served, let subject = Links(of: manifest).subject {
            headers.append(("OCI-Subject", subject.description))
        }
        return Answer(201, headers: headers)
    }

    func blob(_ text: String, in repository: String) -> Answer {
        guard let digest = try? Digest(parsing: text) else {
            return Answer(400, .digestInvalid, "invalid digest")
        }
        guard let blob = storage.blob(digest, in: repository) else {
            return Answer(404, .blobUnknown, "blob unknown to registry")
        }
        let headers = [
            (name: "Content-Type", value: "application/octet-stream"),
            (name: Answer.digestHeader, value: digest.description),
        ]
        return Answer(200, headers: headers, body: blob)
    }

    func referrers(of text: String, in repository: String, query: String) -> Answer {
        switch behaviour.referrers {
        case .served: break
        case .absent(let status): return Answer(status, .unsupported, "no referrers here")
        case .notAnIndex:
            return Answer(200, headers: [("Content-Type", "text/html")], body: Array("<html></html>".utf8))
        }
        guard let digest = try? Digest(parsing: text) else { return Answer(400, .digestInvalid, "invalid digest") }
        var entries = storage.referrers(of: digest, in: repository)
        var headers: [(name: String, value: String)] = []
        if behaviour.filtersReferrers, let type = Form.values(of: "artifactType", in: query).first {
            entries = entries.filter { $0.artifactType == type }
            headers.append(("OCI-Filters-Applied", "artifactType"))
        }
        if let size = behaviour.referrersPageSize, size > 0 {
            let start = Form.values(of: "start", in: query).first.flatMap { Int($0) } ?? 0
            let end = min(max(0, start) + size, entries.count)
            if end < entries.count {
                let type = Form.values(of: "artifactType", in: query).first.map { "&artifactType=\($0)" } ?? ""
                headers.append(("Link", "</v2/\(repository)/referrers/\(digest)?start=\(end)\(type)>; rel=\"next\""))
            }
            entries = Array(entries[min(max(0, start), end)..<end])
        }
        let index = ManifestJSON.index(of: entries, hidesArtifactTypes: behaviour.hidesArtifactTypes)
        return Answer(json: index, type: MediaType.ociIndex, headers: headers)
    }

    func tags(in repository: String, query: String) -> Answer {
        guard storage.exists(repository) else {
            return Answer(404, .nameUnknown, "repository name not known to registry")
        }
        var tags = storage.tags(in: repository)
        var headers: [(name: String, value: String)] = []
        if let last = Form.values(of: "last", in: query).first { tags = tags.filter { $0 > last } }
        if let count = Form.values(of: "n", in: query).first.flatMap({ Int($0) }), count >= 0, count < tags.count {
            tags = Array(tags[..<count])
            let next = "/v2/\(repository)/tags/list?n=\(count)&last=\(tags.last ?? "")"
            headers.append(("Link", "<\(next)>; rel=\"next\""))
        }
        var writer = Writer()
        writer.beginObject()
        writer.key("name")
        writer.string(repository)
        writer.key("tags")
        writer.beginArray()
        for tag in tags { writer.string(tag) }
        writer.endArray()
        writer.endObject()
        return Answer(json: writer.bytes, headers: headers)
    }
}
