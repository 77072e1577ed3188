/// A request whose body is too large, or packed, to be handled on a loop: a task does it.
struct BackgroundRequest: Sendable {
    let head: RequestHead
    let body: (bytes: [UInt8], range: Range<Int>)
    /// The body's share of the memory, kept until the service has seen it.
    let claim: BodyMemory.Claim?
    let core: ServerCore

    func start(_ reply: Reply) {
        Task.detached {
            do throws(Refusal) {
                try handle(reply)
            } catch {
                core.counters.requestsRefused.add(1, ordering: .relaxed)
                reply.answer(Response(error))
            }
        }
    }

    private func handle(_ reply: Reply) throws(Refusal) {
        let (bytes, range) = body
        guard head.contentEncoding == .gzip else {
            return serve(bytes.span.extracting(range), reply)
        }
        let unfolded = try unfold(bytes.span.extracting(range))
        serve(unfolded.span, reply)
    }

    private func unfold(_ packed: Span<UInt8>) throws(Refusal) -> [UInt8] {
        let limit = core.configuration.limits.bodyBytes
        do throws(Gzip.Failure) {
            return try Gzip.unfold(packed, limit: limit)
        } catch {
            switch error {
            case .malformed: throw .malformed("its body is not the gzip that it claims to be")
            case .tooLarge: throw .bodyTooLarge(limit: limit)
            }
        }
    }

    private func serve(_ body: Span<UInt8>, _ reply: Reply) {
        var response = Response()
        if core.service.handle(head, body: body, respond: &response, later: { reply }) == .answered {
            reply.answer(response)
        }
    }
}
