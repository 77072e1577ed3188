import HTTPClient
import OCI
import Synchronization
import Testing

@testable import Registry

typealias Answer = Result<TransportResponse, HTTPClient.Failure>

/// Answers requests from a function, and remembers them.
final class FakeTransport: Transport {
    private let log = Mutex<[HTTPClient.Request]>([])
    private let handler: @Sendable (HTTPClient.Request, Int) async -> Answer

    /// - Parameter handler: gets the request and its number, from 0.
    init(_ handler: @escaping @Sendable (HTTPClient.Request, Int) async -> Answer) { self.handler = handler }

    func send(_ request: HTTPClient.Request) async throws(HTTPClient.Failure) -> TransportResponse {
        let number = log.withLock { log in
            log.append(request)
            return log.count - 1
        }
        return try await handler(request, number).get()
    }

    var requests: [HTTPClient.Request] { log.withLock { $0 } }
    var urls: [String] { requests.map(\.url) }
    var authorizations: [String?] { requests.map(\.authorization) }
}

extension HTTPClient.Request {
    var authorization: String? { headers.first { $0.name == "Authorization" }?.value }
    var form: String { String(decoding: body ?? [], as: UTF8.self) }
}

/// Time that passes only where somebody sleeps.
final class FakeTime: Sendable {
    private let state: Mutex<(now: ContinuousClock.Instant, slept: [Duration])>

    init() { state = Mutex((.now, [])) }

    func advance(by duration: Duration) { state.withLock { $0.now += duration } }

    var slept: [Duration] { state.withLock { $0.slept } }

    var surroundings: Surroundings {
        Surroundings(
            now: { self.state.withLock { $0.now } },
            unixTime: { 784_111_777 },
            sleep: { duration in
                self.state.withLock { state in
                    state.now += duration
                    state.slept.append(duration)
                }
            },
            jitter: { 1 })
    }
}

extension Result where Success == TransportResponse, Failure == HTTPClient.Failure {
    static func answer(
        _ status: Int, _ body: [UInt8] = [], _ headers: [(name: String, value: String)] = []
    ) -> Answer {
        .success(TransportResponse(status: status, headers: headers, body: body))
    }

    static func answer(_ status: Int, _ text: String, _ headers: [(name: String, value: String)] = []) -> Answer {
        answer(status, Array(text.utf8), headers)
    }

    static func challenge(_ value: String) -> Answer { answer(401, "", [("WWW-Authenticate", value)]) }
}

/// A repository and the few documents that most tests ask for.
enum Sample {
    static let repository = parsed("registry.example/org/app")
    static let manifest = Array(
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":\#(descriptor()),"layers":[]}"#.utf8)
    static let manifestHeaders = [(name: "Content-Type", value: MediaType.ociManifest)]
    static let digest = Digest(of: manifest)

    static func parsed(_ text: String) -> Repository {
        do { return try Repository(parsing: text) } catch { fatalError("\(error)") }
    }

    static func descriptor(_ mediaType: String = MediaType.ociConfig, of bytes: [UInt8] = []) -> String {
        #"{"mediaType":"\#(mediaType)","digest":"\#(Digest(of: bytes))","size":\#(bytes.count)}"#
    }

    static func index(_ entries: [String]) -> String {
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":[\#(entries.joined(separator: ","))]}"#
    }

    static let indexHeaders = [(name: "Content-Type", value: MediaType.ociIndex)]

    static func client(
        _ transport: FakeTransport, _ configuration: RegistryConfiguration = RegistryConfiguration(),
        time: FakeTime = FakeTime(), runHelper: CredentialStore.Runner? = nil,
        observer: (@Sendable (RegistryObservation) -> Void)? = nil
    ) -> RegistryClient {
        RegistryClient(
            transport: transport, configuration: configuration, observer: observer, surroundings: time.surroundings,
            runHelper: runHelper)
    }

    static func config(_ text: String) throws -> RegistryConfiguration {
        RegistryConfiguration(dockerConfig: try DockerConfig(parsing: Array(text.utf8)))
    }

    /// Far enough that no test meets it.
    static var deadline: ContinuousClock.Instant { .now + .seconds(60) }
}
