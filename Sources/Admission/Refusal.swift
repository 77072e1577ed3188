import HTTPServer

/// A request that gets no verdict, and the answer that says why.
enum Refusal {
    case methodNotAllowed(String)
    case notFound(String)
    case badReview(ReviewError)
    /// The policies are not known yet.
    case notReady

    var response: Response {
        switch self {
        case .methodNotAllowed(let allowed):
            Self.status(
                405, "MethodNotAllowed", "this path answers \(allowed) only", headers: [("Allow", allowed)])
        case .notFound(let path):
            Self.status(
                404, "NotFound", "there is nothing at \(printable(path)); reviews go to /mutate and /validate")
        case .notReady:
            Self.status(
                503, "ServiceUnavailable", "the policies of the cluster are still being read; ask again in a moment",
                headers: [("Retry-After", "1")])
        case .badReview(let error): Self.status(400, "BadRequest", "\(error)")
        }
    }

    private static func status(
        _ code: Int, _ reason: String, _ message: String, headers: [(String, String)] = []
    ) -> Response {
        Response(
            status: code, contentType: "application/json", headers: headers,
            body: AdmissionResponse.writeStatus(code: code, reason: reason, message: message))
    }
}
