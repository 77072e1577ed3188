import HTTPClient

/// What carries requests: libcurl in earnest, and in tests whatever answers them.
protocol Transport: Sendable {
    func send(_ request: HTTPClient.Request) async throws(HTTPClient.Failure) -> TransportResponse
}

/// What is used of an answer.
struct TransportResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// Every value of `name`, which is in lower case.
    func all(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    func first(_ name: String) -> String? { all(name).first }
}

extension HTTPClient: Transport {
    func send(_ request: Request) async throws(Failure) -> TransportResponse {
        let response: Response = try await send(request)
        return TransportResponse(status: response.status, headers: response.headers.fields, body: response.body)
    }
}

/// Time and chance, so that tests need not wait for either.
struct Surroundings: Sendable {
    var now: @Sendable () -> ContinuousClock.Instant = { .now }
    /// Seconds since 1970, for dates in `Retry-After`.
    var unixTime: @Sendable () -> Int = { unixSeconds() }
    /// Returns early when the task is cancelled.
    var sleep: @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    /// A factor from 0.5 to 1.5.
    var jitter: @Sendable () -> Double = { Double.random(in: 0.5...1.5) }
}
