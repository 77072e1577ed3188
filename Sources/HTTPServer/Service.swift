/// What a service did with a request.
public enum Disposition: Sendable {
    /// The response has been written into `respond`.
    case answered
    /// A ``Reply`` has been taken and will bring the response.
    case later
}

/// What answers a server's requests.
public protocol Service: Sendable {
    /// Answers one request, in place or later.
    ///
    /// Requests run on an event loop's thread, which serves other connections as well: a service that has to wait or
    /// to work for more than some tens of microseconds calls `later`, starts a task and returns ``Disposition/later``.
    /// Two sorts of requests are brought on a background task instead, so that a service need not look after them:
    /// those with a body over ``Server/Configuration/largestBodyOnLoop`` and those whose body came as gzip. A service
    /// sees no difference.
    ///
    /// - Parameters:
    ///   - head: the request's line and fields.
    ///   - body: all of the body, unpacked; valid during the call.
    ///   - respond: the response to fill in when the answer is ready at once.
    ///   - later: makes the reply for an answer that is not ready. Called at most once.
    func handle(
        _ head: RequestHead,
        body: Span<UInt8>,
        respond: inout Response,
        later: () -> Reply
    ) -> Disposition
}
