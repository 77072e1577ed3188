import HTTPClient
import JSON
import LocalRegistry
import OCI
import OpenSSL

/// Requests to a registry, as a test words them.
struct Ask {
    let registry: LocalRegistry
    let client: HTTPClient

    init(_ behaviour: Behaviour = Behaviour()) throws {
        registry = try LocalRegistry(behaviour: behaviour)
        client = try HTTPClient(.init())
    }

    func url(_ path: String) -> String { path.hasPrefix("http") ? path : "http://\(registry.host)\(path)" }

    func callAsFunction(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        seconds: Int = 10, redirects: Int = 5
    ) async throws(HTTPClient.Failure) -> HTTPClient.Response {
        try await client.send(
            .init(
                method: method, url: url(path), headers: headers, body: body, maximumResponseBytes: 1 << 20,
                deadline: .now + .seconds(seconds), maximumRedirects: redirects))
    }

    func get(
        _ path: String, headers: [(name: String, value: String)] = []
    ) async throws(HTTPClient.Failure) -> HTTPClient.Response {
        try await self("GET", path, headers: headers)
    }

    func failure(of path: String, milliseconds: Int = 10_000) async -> HTTPClient.Failure? {
        do throws(HTTPClient.Failure) {
            _ = try await client.send(
                .init(
                    url: url(path), maximumResponseBytes: 1 << 20,
                    deadline: .now + .milliseconds(milliseconds)))
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPClient.Response {
    var json: Value? { (try? Document(body))?.root }
    /// The code of the first error in the answer.
    var code: String? { json?["errors"]?[0]?["code"]?.string }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
