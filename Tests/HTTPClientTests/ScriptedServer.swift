import HTTPClient
import HTTPServer
import Synchronization

/// A request as a scripted server saw it.
struct SeenRequest: Sendable {
    var line: String
    var headers: [String: String]
    var body: [UInt8]
}

/// A server that answers every request with the bytes that a test gives it, right or wrong.
final class ScriptedServer: Sendable {
    /// Answers one request; false ends the connection.
    typealias Script = @Sendable (SeenRequest, BlockingSocket) -> Bool

    private struct Seen {
        var requests: [SeenRequest] = []
        var connections = 0
        var open = 0
        var mostOpen = 0
    }

    private final class Recorder: Sendable {
        let seen = Mutex(Seen())
    }

    private let recorder: Recorder
    private let server: BlockingServer

    var port: Int { server.port }
    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [SeenRequest] { recorder.seen.withLock { $0.requests } }
    var connections: Int { recorder.seen.withLock { $0.connections } }
    var mostOpenConnections: Int { recorder.seen.withLock { $0.mostOpen } }

    init(_ script: @escaping Script) throws {
        let recorder = Recorder()
        self.recorder = recorder
        server = try BlockingServer { socket in
            socket.setTimeout(seconds: 20)
            recorder.seen.withLock { seen in
                seen.connections += 1
                seen.open += 1
                seen.mostOpen = max(seen.mostOpen, seen.open)
            }
            defer { recorder.seen.withLock { $0.open -= 1 } }
            while let request = Self.readRequest(from: socket) {
                recorder.seen.withLock { $0.requests.append(request) }
                guard script(request, socket) else { return }
            }
        }
        try server.start()
    }

    /// A server that gives the same answer to every request and ends the connection.
    convenience init(answering text: String) throws {
        try self.init { _, socket in
            socket.write(Array(text.utf8))
            return false
        }
    }

    deinit { server.stop() }

    private static func readRequest(from socket: BlockingSocket) -> SeenRequest? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while !bytes.suffix(4).elementsEqual(end) {
            let next = socket.read(upTo: 1)
            if next.isEmpty { return nil }
            bytes += next
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        var body: [UInt8] = []
        while let length = headers["content-length"].flatMap(Int.init), body.count < length {
            let next = socket.read(upTo: length - body.count)
            if next.isEmpty { return nil }
            body += next
        }
        return SeenRequest(line: String(lines[0]), headers: headers, body: body)
    }
}

/// A complete answer with a length, after which the connection lives on.
func answer(_ status: String = "200 OK", headers: [String] = [], body: String = "") -> [UInt8] {
    let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
}

extension HTTPClient.Request {
    /// A request as most tests want it: ten seconds, 64 KiB.
    init(_ url: String, method: String = "GET", headers: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
        self.init(
            method: method, url: url, headers: headers, body: body, maximumResponseBytes: 64 << 10,
            deadline: .now + .seconds(10))
    }
}

/// What a request fails with; nil when it does not.
func failure(of request: HTTPClient.Request, by client: HTTPClient) async -> HTTPClient.Failure? {
    do throws(HTTPClient.Failure) {
        _ = try await client.send(request)
        return nil
    } catch {
        return error
    }
}
