import JSON

/// What a request is answered with, and how: a registry that misbehaves sends right words in wrong ways.
struct Answer: Sendable {
    enum Delivery: Sendable {
        case complete
        /// The stated length is right; the bytes end after so many, and so does the connection.
        case truncated(after: Int)
        /// Bytes without end. With a length stated, or in chunks.
        case endless(statedLength: Int?)
        /// The head and so many bytes of the body, and then nothing for as long as the client waits.
        case stalled(after: Int)
        /// Not a byte for as long as the client waits.
        case silent
        /// The connection ends without a byte.
        case dropped
    }

    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    var delivery = Delivery.complete

    init(_ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An error in the distribution API's own form.
    init(_ status: Int, _ code: ErrorCode, _ message: String, headers: [(name: String, value: String)] = []) {
        var writer = Writer()
        writer.beginObject()
        writer.key("errors")
        writer.beginArray()
        writer.beginObject()
        writer.key("code")
        writer.string(code.rawValue)
        writer.key("message")
        writer.string(message)
        writer.endObject()
        writer.endArray()
        writer.endObject()
        self.init(status, headers: [("Content-Type", "application/json")] + headers, body: writer.bytes)
    }

    /// `200` with JSON.
    init(json: [UInt8], type: String = "application/json", headers: [(name: String, value: String)] = []) {
        self.init(200, headers: [("Content-Type", type)] + headers, body: json)
    }
}

/// Codes of the distribution API (OCI Distribution 1.1, "Error Codes").
public enum ErrorCode: String, Sendable {
    case blobUnknown = "BLOB_UNKNOWN"
    case blobUploadInvalid = "BLOB_UPLOAD_INVALID"
    case blobUploadUnknown = "BLOB_UPLOAD_UNKNOWN"
    case denied = "DENIED"
    case digestInvalid = "DIGEST_INVALID"
    case manifestInvalid = "MANIFEST_INVALID"
    case manifestUnknown = "MANIFEST_UNKNOWN"
    case nameUnknown = "NAME_UNKNOWN"
    case sizeInvalid = "SIZE_INVALID"
    case tooManyRequests = "TOOMANYREQUESTS"
    case unauthorized = "UNAUTHORIZED"
    case unknown = "UNKNOWN"
    case unsupported = "UNSUPPORTED"
}
