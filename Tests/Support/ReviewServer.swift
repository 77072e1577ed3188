import Foundation

/// A server that answers reviews, wherever it got its policies.
protocol ReviewServer: Sendable {
    /// A request by a client that trusts this server's certificate.
    func send(
        _ method: String, _ path: String, headers: [String], body: [UInt8]?, options: [String]
    ) async throws -> Curl.Answer
}

extension ReviewServer {
    func get(_ path: String) async throws -> Curl.Answer {
        try await send("GET", path, headers: [], body: nil, options: [])
    }

    /// Posts a body as an API server does.
    /// - Parameter patience: seconds after which the client gives up.
    func post(
        _ body: [UInt8], to path: String = "/mutate?timeout=10s", patience: Int = 60
    ) async throws -> Curl.Answer {
        try await send(
            "POST", path,
            headers: [
                "Content-Type: application/json", "Accept: application/json, */*", "Accept-Encoding: gzip",
                "User-Agent: kube-apiserver-admission",
            ], body: body, options: ["--compressed", "--http1.1", "--max-time", "\(patience)"])
    }

    /// Posts a review, and checks that the answer is one to it.
    func review(
        _ review: Review, to path: String = "/mutate?timeout=10s", patience: Int = 60
    ) async throws -> ReviewAnswer {
        let answer = try ReviewAnswer(try await post(try review.bytes(), to: path, patience: patience))
        guard answer.uid == review.uid else {
            throw CommandFailure(description: "an answer to another review: \(answer)")
        }
        return answer
    }

    /// The value of a sample of `/metrics`, by its name and labels exactly as written; nil when there is none.
    func metric(_ sample: String) async throws -> Double? {
        let text = try await get("/metrics").text
        for line in text.split(separator: "\n") where line.hasPrefix(sample + " ") {
            return Double(line.dropFirst(sample.count + 1))
        }
        return nil
    }
}
