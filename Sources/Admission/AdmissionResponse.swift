import JSON

/// Writes the AdmissionReview that answers a request.
///
/// Source: Kubernetes `admission.k8s.io/v1`, AdmissionResponse.
enum AdmissionResponse {
    /// What an answer takes beside its patch, and what a patch takes for each image, so that most are written without
    /// growing.
    private static let usualBytes = 256
    private static let usualOperationBytes = 256

    static func write(uid: String, verdict: Verdict) -> [UInt8] {
        write(uid: uid, denial: verdict.denial, patch: verdict.patch, warnings: verdict.warnings)
    }

    /// - Parameter denial: Why the request is denied; nil when it is allowed.
    static func write(uid: String, denial: String?, patch changes: Patch = Patch(), warnings: [String]) -> [UInt8] {
        var patch = Writer(reservingCapacity: changes.operations.count * Self.usualOperationBytes)
        changes.write(to: &patch)
        // Base64 makes four bytes of three.
        var writer = Writer(reservingCapacity: Self.usualBytes + patch.bytes.count * 4 / 3)
        writer.beginObject()
        writer.key("apiVersion")
        writer.string("admission.k8s.io/v1")
        writer.key("kind")
        writer.string("AdmissionReview")
        writer.key("response")
        writer.beginObject()
        writer.key("uid")
        writer.string(uid)
        writer.key("allowed")
        writer.boolean(denial == nil)
        if let denial {
            writer.key("status")
            writer.beginObject()
            writer.key("code")
            writer.integer(403)
            writer.key("message")
            writer.string(denial)
            writer.key("reason")
            writer.string("Forbidden")
            writer.endObject()
        } else if !changes.operations.isEmpty {
            writer.key("patchType")
            writer.string("JSONPatch")
            writer.key("patch")
            writer.base64(patch.bytes)
        }
        if !warnings.isEmpty {
            writer.key("warnings")
            writer.beginArray()
            for warning in warnings { writer.string(warning) }
            writer.endArray()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    /// The body of a refusal that is no verdict: a `Status`, which the API server shows to the user.
    ///
    /// Source: Kubernetes `meta/v1`, Status.
    static func writeStatus(code: Int, reason: String, message: String) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("kind")
        writer.string("Status")
        writer.key("apiVersion")
        writer.string("v1")
        writer.key("metadata")
        writer.beginObject()
        writer.endObject()
        writer.key("status")
        writer.string("Failure")
        writer.key("message")
        writer.string(message)
        writer.key("reason")
        writer.string(reason)
        writer.key("code")
        writer.integer(code)
        writer.endObject()
        return writer.bytes + [0x0A]
    }
}
