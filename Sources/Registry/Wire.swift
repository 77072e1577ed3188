import HTTPClient

/// Sends requests: not too many to one host at a time, each observed, and again when the server was only busy.
final class Wire: Sendable {
    private let transport: any Transport
    private let gate: HostGate
    private let observer: (@Sendable (RegistryObservation) -> Void)?
    let surroundings: Surroundings

    init(
        transport: any Transport, requestsPerHost: Int, observer: (@Sendable (RegistryObservation) -> Void)?,
        surroundings: Surroundings
    ) {
        self.transport = transport
        gate = HostGate(places: requestsPerHost)
        self.observer = observer
        self.surroundings = surroundings
    }

    /// Sends `request`, and repeats it after 429 and 5xx as ``RegistryLimits/retries`` and the deadline allow.
    ///
    /// - Parameter isProbe: another scheme will be tried where there is no connection with this one, so that is no
    ///   failure of the registry, and is not observed.
    /// - Returns: the last answer, whatever its status.
    func send(
        _ request: HTTPClient.Request, to host: String, isProbe: Bool = false
    ) async throws(HTTPClient.Failure) -> TransportResponse {
        var attempt = 0
        while true {
            let response = try await sendOnce(request, to: host, isProbe: isProbe)
            guard response.status == 429 || (500..<600).contains(response.status), attempt < RegistryLimits.retries
            else {
                return response
            }
            let pause = pause(after: response, attempt: attempt)
            guard surroundings.now() + pause < request.deadline else { return response }
            await surroundings.sleep(pause)
            if Task.isCancelled { throw .cancelled }
            attempt += 1
        }
    }

    private func sendOnce(
        _ request: HTTPClient.Request, to host: String, isProbe: Bool
    ) async throws(HTTPClient.Failure) -> TransportResponse {
        guard await gate.enter(host, until: request.deadline) else { throw Task.isCancelled ? .cancelled : .timedOut }
        defer { gate.leave(host) }
        let start = surroundings.now()
        do throws(HTTPClient.Failure) {
            let response = try await transport.send(request)
            observe(host, .status(response.status), since: start)
            return response
        } catch {
            if !(isProbe && error.mayBeAnotherScheme) {
                observe(host, RegistryObservation.Outcome(error), since: start)
            }
            throw error
        }
    }

    private func observe(_ host: String, _ outcome: RegistryObservation.Outcome, since start: ContinuousClock.Instant) {
        observer?(RegistryObservation(host: host, outcome: outcome, duration: surroundings.now() - start))
    }

    /// What the server asks for, or else a doubling wait; both jittered, so that many who were refused together do not
    /// come back together.
    private func pause(after response: TransportResponse, attempt: Int) -> Duration {
        let own = RegistryLimits.backoff * Double(1 << attempt) * surroundings.jitter()
        guard let asked = response.first("retry-after").flatMap(retryAfter) else { return own }
        return max(own, asked + RegistryLimits.backoff * (surroundings.jitter() - 0.5))
    }

    /// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), an hour at most: no deadline of ours is longer.
    private func retryAfter(_ value: String) -> Duration? {
        if value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int(value) {
            return .seconds(min(seconds, 3_600))
        }
        return HTTPDate.parse(value).map { .seconds(min(max(0, $0 - surroundings.unixTime()), 3_600)) }
    }
}

extension RegistryObservation.Outcome {
    init(_ failure: HTTPClient.Failure) {
        self =
            switch failure {
            case .timedOut: .timedOut
            case .unreachable, .disconnected, .tls, .closed, .configuration: .unreachable
            case .cancelled: .cancelled
            case .tooLarge, .headerTooLarge, .tooManyRedirects, .redirectRefused, .malformed, .truncated,
                .readerTooSlow:
                .unusable
            }
    }
}

extension HTTPClient.Failure {
    /// Whether a server that speaks the other scheme would fail so.
    var mayBeAnotherScheme: Bool {
        switch self {
        case .tls, .unreachable, .disconnected: true
        default: false
        }
    }
}
