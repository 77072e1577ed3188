import HTTPClient
import JSON

/// A pod's admission review, and what came back for it.
enum DemoReview {
    struct Answer {
        let isAllowed: Bool
        /// The cause of a denial, or what was done to an admitted pod.
        let reason: String
        /// The image that the answer's patch writes into the pod.
        let pinnedImage: String?
        let milliseconds: String
    }

    /// Generous: nothing but this machine is in between.
    private static let patience = Duration.seconds(30)
    private static let maximumAnswerBytes = 1 << 20

    /// The smallest review that an API server could send for a pod with one container.
    static func body(image: String) -> String {
        """
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"demo",\
        "kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},\
        "namespace":"default","name":"demo","operation":"CREATE","object":{"apiVersion":"v1","kind":"Pod",\
        "metadata":{"name":"demo"},"spec":{"containers":[{"name":"app","image":"\(image)"}]}}}}
        """
    }

    /// A line for a shell. The certificate was made for this run, so that curl cannot know it (`-k`).
    static func curl(gate: String, image: String) -> String {
        "curl -sk 'https://\(gate)/mutate?timeout=10s' -H 'Content-Type: application/json' -d '\(body(image: image))'"
    }

    static func post(image: String, to gate: String, by client: HTTPClient) async throws -> Answer {
        let begin = ContinuousClock.now
        let response = try await client.send(
            HTTPClient.Request(
                method: "POST", url: "https://\(gate)/mutate?timeout=10s",
                headers: [(name: "Content-Type", value: "application/json")], body: Array(body(image: image).utf8),
                maximumResponseBytes: maximumAnswerBytes, deadline: begin + patience, verifiesPeer: false))
        let duration = ContinuousClock.now - begin
        let answer = try Document(response.body).root["response"]
        let isAllowed = answer?["allowed"]?.boolean == true
        let pinned = try pinnedImage(answer)
        return Answer(
            isAllowed: isAllowed,
            reason: isAllowed ? pinned.map { "pinned to …@\(shortDigest($0))" } ?? "" : cause(answer, image: image),
            pinnedImage: pinned, milliseconds: Table.milliseconds(duration))
    }

    private static func pinnedImage(_ answer: Value?) throws -> String? {
        guard let patch = answer?["patch"]?.string.flatMap(Base64.decode) else { return nil }
        return try Document(patch).root[0]?["value"]?.string
    }

    /// `sha256:` and the first twelve digits, enough for a table.
    private static func shortDigest(_ image: String) -> String {
        image.split(separator: "@").last.map { String($0.prefix("sha256:".count + 12)) } ?? image
    }

    /// The words that follow the image in the denial's message, without the details behind them.
    private static func cause(_ answer: Value?, image: String) -> String {
        let message = answer?["status"]?["message"]?.string ?? "no message"
        guard let range = message.firstRange(of: "\(image): ") else { return message }
        return String(message[range.upperBound...].prefix { $0 != "'" && $0 != "\n" && $0 != ":" })
    }
}
