import HTTPServer
import OCI

// Blobs coming in (OCI Distribution 1.1, "Pushing Blobs"): in one POST, in POST and PUT, or in pieces by PATCH.
extension RegistryState {
    mutating func upload(_ request: RegistryRequest, query: String) -> Answer {
        switch (request.head.method, request.route) {
        case (.post, .uploads(let repository)):
            return begin(in: repository, body: request.body, query: query)
        case (.get, .upload(let repository, let id)):
            guard let count = uploads.byteCount(of: id, in: repository) else { return Self.unknownUpload }
            return progress(204, id, in: repository, count: count)
        case (.patch, .upload(let repository, let id)):
            return append(request, to: id, in: repository)
        case (.put, .upload(let repository, let id)):
            guard uploads.byteCount(of: id, in: repository) != nil else { return Self.unknownUpload }
            guard uploads.append(request.body, to: id) else { return Self.tooLarge }
            return finish(uploads.end(id), query: query, in: repository)
        case (.delete, .upload(let repository, let id)):
            guard uploads.byteCount(of: id, in: repository) != nil else { return Self.unknownUpload }
            _ = uploads.end(id)
            return Answer(204)
        default:
            return Answer(405, .unsupported, "the operation is unsupported")
        }
    }

    private static let unknownUpload = Answer(404, .blobUploadUnknown, "blob upload unknown to registry")
    private static let tooLarge = Answer(413, .sizeInvalid, "the blob is too large for this registry")

    private mutating func begin(in repository: String, body: [UInt8], query: String) -> Answer {
        if !Form.values(of: "digest", in: query).isEmpty { return finish(body, query: query, in: repository) }
        // A wish to mount a blob from elsewhere is answered as registries do that cannot: with an upload.
        guard let id = uploads.begin(in: repository) else {
            return Answer(429, .tooManyRequests, "too many uploads at once", headers: [("Retry-After", "1")])
        }
        return progress(202, id, in: repository, count: 0)
    }

    private mutating func append(_ request: RegistryRequest, to id: String, in repository: String) -> Answer {
        guard let count = uploads.byteCount(of: id, in: repository) else { return Self.unknownUpload }
        if let range = request.head.header("content-range") {
            // Pieces come in order; one from elsewhere is told where the upload stands.
            guard range.split(separator: "-").first.flatMap({ Int($0) }) == count else {
                return progress(416, id, in: repository, count: count)
            }
        }
        guard uploads.append(request.body, to: id) else { return Self.tooLarge }
        return progress(202, id, in: repository, count: count + request.body.count)
    }

    private mutating func finish(_ blob: [UInt8], query: String, in repository: String) -> Answer {
        let digest = Digest(of: blob)
        guard Form.values(of: "digest", in: query).first == digest.description else {
            return Answer(400, .digestInvalid, "provided digest did not match uploaded content")
        }
        _ = storage.put(blob: blob, in: repository)
        let headers = [
            (name: "Location", value: "/v2/\(repository)/blobs/\(digest)"),
            (name: Answer.digestHeader, value: digest.description),
        ]
        return Answer(201, headers: headers)
    }

    private func progress(_ status: Int, _ id: String, in repository: String, count: Int) -> Answer {
        let headers = [
            (name: "Location", value: "/v2/\(repository)/blobs/uploads/\(id)"),
            (name: "Range", value: "0-\(max(0, count - 1))"),
            (name: "Docker-Upload-UUID", value: id),
        ]
        return Answer(status, headers: headers)
    }
}
