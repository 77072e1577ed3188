import Foundation
import HTTPClient
import HTTPServer
import Synchronization
import Testing

@testable import Kubernetes

/// A request as the API server saw it.
struct Seen: Sendable {
    var line = ""
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    /// `GET /api/v1/pods`.
    var target: String { line.split(separator: " ").prefix(2).joined(separator: " ") }
}

/// An API server that answers what a test tells it to, over plain HTTP.
final class ScriptedAPI: Sendable {
    /// What it writes, and whether the connection lives on.
    struct Answer: Sendable {
        var bytes: [UInt8]
        var goesOn = true

        init(_ body: String) { self.init("200 OK", body) }

        init(_ status: String, headers: [String] = [], _ body: String) {
            let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
            bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
        }

        /// A watch that says these lines and ends, or breaks.
        init(watch text: String, breaks: Bool = false) {
            let chunk = text.isEmpty ? "" : "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
            bytes = Array(
                ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + (breaks ? "" : "0\r\n\r\n")).utf8)
            goesOn = !breaks
        }

        /// Says nothing and closes the connection.
        static let hangUp: Answer = {
            var answer = Answer("")
            (answer.bytes, answer.goesOn) = ([], false)
            return answer
        }()

        static func failure(_ code: Int, _ reason: String, headers: [String] = []) -> Answer {
            Answer(
                "\(code) \(reason)", headers: headers,
                #"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"about \#(reason)","reason":"\#(reason)","code":\#(code)}"#
            )
        }
    }

    private final class Recorder: Sendable {
        let seen = Mutex<[Seen]>([])
    }

    private let recorder = Recorder()
    private let server: BlockingServer

    var url: String { "http://127.0.0.1:\(server.port)" }
    var seen: [Seen] { recorder.seen.withLock { $0 } }

    /// - Parameter answer: given the request and how many came before it.
    init(_ answer: @escaping @Sendable (Seen, Int) -> Answer) throws {
        let recorder = recorder
        server = try BlockingServer { socket in
            socket.setTimeout(seconds: 20)
            while let request = Self.read(from: socket) {
                let count = recorder.seen.withLock { seen in
                    seen.append(request)
                    return seen.count - 1
                }
                let answer = answer(request, count)
                socket.write(answer.bytes)
                guard answer.goesOn else { return }
            }
        }
        try server.start()
    }

    /// One answer after the other, and the last one for ever.
    convenience init(_ first: Answer, _ rest: Answer...) throws {
        let answers = [first] + rest
        try self.init { _, count in answers[min(count, answers.count - 1)] }
    }

    deinit { server.stop() }

    private static func read(from socket: BlockingSocket) -> Seen? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            let next = socket.read(upTo: 1)
            if next.isEmpty { return nil }
            bytes += next
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        var request = Seen(line: String(lines[0]))
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            request.headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        while let length = request.headers["content-length"].flatMap(Int.init), request.body.count < length {
            let next = socket.read(upTo: length - request.body.count)
            if next.isEmpty { return nil }
            request.body += next
        }
        return request
    }

    /// A client of it, with the credentials that a test wants, which plain HTTP would be refused.
    func client(
        _ credentials: CredentialSource = CredentialSource(),
        surroundings: CredentialKeeper.Surroundings = CredentialKeeper.Surroundings(),
        observer: (@Sendable (APIObservation) -> Void)? = nil,
        sleep: @escaping @Sendable (Duration) async -> Void = { _ in }
    ) throws -> KubernetesClient {
        var configuration = try ClusterConfiguration(server: url)
        configuration.credentials = credentials
        return KubernetesClient(
            http: try HTTPClient(.init()), configuration: configuration, observer: observer,
            keeper: CredentialKeeper(credentials, authorities: nil, surroundings: surroundings), sleep: sleep)
    }
}

/// What something throws; nil when it does not.
func failure(_ work: () async throws(APIFailure) -> some Any) async -> APIFailure? {
    do throws(APIFailure) {
        _ = try await work()
        return nil
    } catch {
        return error
    }
}

/// A folder that is gone with this object.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "kubernetes-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        return path + "/" + name
    }
}

/// A clock that stands still until it is told to go on.
final class Clock: Sendable {
    private let passed = Mutex(Duration.zero)
    private let start = ContinuousClock.now

    func advance(by duration: Duration) { passed.withLock { $0 += duration } }

    var surroundings: CredentialKeeper.Surroundings {
        var surroundings = CredentialKeeper.Surroundings()
        surroundings.now = { [self] in start + passed.withLock { $0 } }
        surroundings.unixTime = { [self] in 1_000_000 + Int(passed.withLock { $0 }.components.seconds) }
        return surroundings
    }
}
