import CCurl
import Glibc
import Synchronization

/// An HTTP client on libcurl: one thread drives every request, kept connections and HTTP/2 streams are shared.
///
/// It is bounded in everything that the other side decides: the bytes of a body and of a header, redirects, time and
/// connections. It reads no environment and no netrc, asks for no content coding, speaks TLS 1.2 and up, and follows
/// redirects itself, so that credentials stay with the origin that they were meant for.
public final class HTTPClient: Sendable {
    private let mailbox: Mailbox
    private let authorities: CertificateAuthorities
    private let nextID = Atomic<UInt64>(0)

    /// - Throws: ``Failure/configuration(_:)`` when the CA file cannot be used, or no thread can be had.
    public init(_ configuration: Configuration) throws(Failure) {
        Self.initializeLibrary()
        let systemBundle = try EasyHandle().string(CURLINFO_CAINFO)
        let hasSystemBundle = systemBundle.map { unsafe access($0, R_OK) == 0 } ?? false
        authorities = try CertificateAuthorities(systemBundle: systemBundle, commonFile: configuration.caFile)

        let multi = try MultiHandle(maximumConnectionsPerHost: configuration.maximumConnectionsPerHost)
        let mailbox = Mailbox(waking: multi)
        let environment = Environment(configuration: configuration, hasSystemBundle: hasSystemBundle)
        self.mailbox = mailbox
        // The thread knows the mailbox and not the client, so that a client nobody holds any more ends its thread.
        try startThread {
            Loop(multi: multi, mailbox: mailbox, environment: environment).run()
        }
    }

    deinit { mailbox.close() }

    private static let isLibraryInitialized: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Prepares libcurl, once however often it is called. A program calls it at the start of main, before it has
    /// threads; a client that finds it undone does it.
    public static func initializeLibrary() {
        _ = isLibraryInitialized
    }

    /// Ends the thread and closes the connections. Requests that are under way fail with ``Failure/closed``.
    public func close() {
        mailbox.close()
    }

    /// Makes a request, and those that it is redirected to.
    ///
    /// - Returns: the answer, whatever its status.
    /// - Throws: ``Failure``; ``Failure/cancelled`` at once when the calling task is cancelled.
    public func send(_ request: Request) async throws(Failure) -> Response {
        var request = request
        while true {
            let exchange = try await exchange(request).get()
            let status = exchange.response.status
            guard let next = try Redirect.next(after: status, target: exchange.redirectTarget, from: request) else {
                return exchange.response
            }
            request = next
        }
    }

    /// Makes one request.
    private func exchange(_ request: Request) async throws(Failure) -> Transfer.Outcome {
        let order = try order(request, idleTimeout: nil)
        let id = nextID.add(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                mailbox.post(.start(id: id, order, .response(continuation)))
                // The handler below may have run before the request was there to be cancelled; then this sees it.
                if Task.isCancelled { mailbox.post(.cancel(id: id)) }
            }
        } onCancel: {
            mailbox.post(.cancel(id: id))
        }
    }

    /// Makes a request whose body is read as it comes. Redirects are answers like any other.
    ///
    /// - Parameter idleTimeout: how long the body may be silent, once it has begun.
    /// - Returns: the answer, as soon as its header is there.
    /// - Throws: ``Failure``; ``Failure/cancelled`` at once when the calling task is cancelled.
    public func open(_ request: Request, idleTimeout: Duration) async throws(Failure) -> StreamedResponse {
        let order = try order(request, idleTimeout: idleTimeout)
        let id = nextID.add(1, ordering: .relaxed).newValue
        let sink = Sink(limit: request.maximumResponseBytes)
        let mailbox = mailbox
        // Made first: whatever goes wrong from here on, the transfer ends with it. It holds the client, which would close
        // with its last reference otherwise, and this is one.
        let body = StreamedResponse.Body(sink) { [self] in self.mailbox.post(.cancel(id: id)) }
        let head = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                sink.await(continuation)
                mailbox.post(.start(id: id, order, .stream(sink)))
                if Task.isCancelled { mailbox.post(.cancel(id: id)) }
            }
        } onCancel: {
            mailbox.post(.cancel(id: id))
        }
        let (status, headers) = try (head.get().status, head.get().headers)
        return StreamedResponse(status: status, headers: headers, body: body)
    }

    private func order(_ request: Request, idleTimeout: Duration?) throws(Failure) -> Order {
        try request.validate()
        let origin = try Origin(of: request.url)
        guard request.deadline > .now else { throw .timedOut }
        let usesBundle = origin.isSecure && request.onlyAuthorities == nil
        return Order(
            method: request.method,
            url: request.url,
            origin: origin,
            headers: request.headers,
            body: request.body,
            maximumResponseBytes: request.maximumResponseBytes,
            deadline: request.deadline,
            idleTimeout: idleTimeout,
            caPath: usesBundle ? try authorities.path(adding: request.caFile) : nil,
            onlyAuthorities: request.onlyAuthorities,
            connectTo: request.connectTo,
            proxy: request.proxy,
            clientCertificate: request.clientCertificate,
            verifiesPeer: request.verifiesPeer,
            awaitsSharing: request.awaitsSharing,
            distrustsSilence: request.distrustsSilence
        )
    }
}
