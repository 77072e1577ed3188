extension HTTPClient {
    /// A response whose header is there, and whose body may go on for ever.
    public struct StreamedResponse: Sendable {
        public let status: Int
        public let headers: Headers
        public let body: Body

        /// A body as it comes, in pieces of any size. One task reads it.
        ///
        /// The connection is let go of when the body is read to its end, when the task that reads it is cancelled, or
        /// when nobody holds it any more.
        public final class Body: Sendable {
            private let sink: Sink
            private let cancel: @Sendable () -> Void

            init(_ sink: Sink, cancel: @escaping @Sendable () -> Void) {
                self.sink = sink
                self.cancel = cancel
            }

            deinit { cancel() }

            /// All that has come since the last time; waits where there is nothing. Nil at the end.
            ///
            /// - Throws: ``Failure/readerTooSlow(limit:)`` once too much had waited, after what had been taken;
            ///   ``Failure/truncated``, ``Failure/timedOut`` after silence, ``Failure/cancelled`` with the calling task.
            public func next() async throws(Failure) -> [UInt8]? {
                let result = await withTaskCancellationHandler {
                    await withCheckedContinuation { sink.read($0) }
                } onCancel: {
                    cancel()
                }
                return try result.get()
            }
        }
    }
}
