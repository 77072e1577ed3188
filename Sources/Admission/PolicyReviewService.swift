import HTTPServer
import JSON
import Policy

/// The webhook for policies themselves: `POST /policies`. What cannot be honoured in full is refused when it is
/// applied, with the path of each problem.
///
/// It needs nothing but the review, so that it answers from the first moment on.
public struct PolicyReviewService: Sendable {
    private let honoursExceptions: Bool

    /// - Parameter honoursExceptions: Whether PolicyExceptions count here at all.
    public init(honoursExceptions: Bool = false) { self.honoursExceptions = honoursExceptions }

    /// The largest review that an event loop may answer in place: compiling what most people write takes less than a
    /// millisecond, and the hundreds of rules that fit into a larger one take tens of them.
    static let largestBodyInPlace = 16 * 1024

    /// Answers one review.
    func answer(_ request: AdmissionRequest) -> Response {
        let review = PolicyReview(request, honoursExceptions: honoursExceptions)
        return Response(
            status: 200, contentType: "application/json",
            body: AdmissionResponse.write(uid: request.uid, denial: review.denial, warnings: review.warnings))
    }
}
