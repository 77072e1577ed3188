import Glibc
import HTTPServer
import Synchronization
import Testing

@testable import HTTPClient

/// Lets a test say when a server goes on.
private final class Gate: Sendable {
    private let state = Atomic<Bool>(false)

    var isOpen: Bool { state.load(ordering: .acquiring) }

    func open() { state.store(true, ordering: .releasing) }

    func wait() {
        while !isOpen { usleep(500) }
    }
}

private let head = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: watch\r\n\r\n".utf8)

private func chunk(_ text: String) -> [UInt8] {
    Array("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n".utf8)
}

@Suite("Responses that are read as they come", .timeLimit(.minutes(1)))
struct StreamingTests {
    private func text(_ body: HTTPClient.StreamedResponse.Body, _ count: Int) async throws -> String {
        var bytes: [UInt8] = []
        while bytes.count < count, let more = try await body.next() { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What reading to the end comes to.
    private func failure(of body: HTTPClient.StreamedResponse.Body) async -> HTTPClient.Failure? {
        do throws(HTTPClient.Failure) {
            while try await body.next() != nil {}
            return nil
        } catch {
            return error
        }
    }

    private func failure(opening request: HTTPClient.Request, by client: HTTPClient) async -> HTTPClient.Failure? {
        do throws(HTTPClient.Failure) {
            _ = try await client.open(request, idleTimeout: .seconds(10))
            return nil
        } catch {
            return error
        }
    }

    @Test("The header is handed over before there is a body, and each piece before the next")
    func piecemeal() async throws {
        let (first, second) = (Gate(), Gate())
        let server = try ScriptedServer { _, socket in
            socket.write(head)
            first.wait()
            socket.write(chunk("one\n"))
            second.wait()
            socket.write(chunk("two\n") + Array("0\r\n\r\n".utf8))
            return true
        }
        let client = try HTTPClient(.init())
        let response = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        #expect(response.status == 200)
        #expect(response.headers["x-kind"] == "watch")
        first.open()
        #expect(try await text(response.body, 4) == "one\n")
        second.open()
        #expect(try await text(response.body, 4) == "two\n")
        #expect(try await response.body.next() == nil)
        #expect(try await response.body.next() == nil)
        // And the connection is as good as new.
        let again = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        #expect(try await text(again.body, 8) == "one\ntwo\n")
        #expect(server.connections == 1)
    }

    @Test("An answer without a body is one that has ended")
    func empty() async throws {
        let server = try ScriptedServer { _, socket in
            socket.write(answer("410 Gone"))
            return true
        }
        let client = try HTTPClient(.init())
        let response = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        #expect(response.status == 410)
        #expect(try await response.body.next() == nil)
    }

    @Test("A redirect is an answer, and not followed")
    func redirect() async throws {
        let server = try ScriptedServer(
            answering: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        let client = try HTTPClient(.init())
        #expect(try await client.open(.init(server.url), idleTimeout: .seconds(10)).status == 302)
    }

    @Test("No header by the deadline is a failure; after it, the deadline means nothing")
    func deadlines() async throws {
        let gate = Gate()
        let server = try ScriptedServer { request, socket in
            if request.line.contains("/late") {
                gate.wait()
                return false
            }
            socket.write(head)
            gate.wait()
            socket.write(chunk("late\n") + Array("0\r\n\r\n".utf8))
            return true
        }
        defer { gate.open() }
        let client = try HTTPClient(.init())
        var request = HTTPClient.Request(server.url + "/late")
        request.deadline = .now + .milliseconds(20)
        #expect(await failure(opening: request, by: client) == .timedOut)
        request = .init(server.url + "/on-time")
        request.deadline = .now + .seconds(1)
        let response = try await client.open(request, idleTimeout: .seconds(30))
        try await Task.sleep(until: request.deadline + .milliseconds(1), clock: .continuous)
        gate.open()
        #expect(try await text(response.body, 5) == "late\n")
    }

    @Test("Silence for longer than is allowed ends it")
    func idle() async throws {
        let gate = Gate()
        let server = try ScriptedServer { _, socket in
            socket.write(head + chunk("one\n"))
            gate.wait()
            return false
        }
        defer { gate.open() }
        let client = try HTTPClient(.init())
        var request = HTTPClient.Request(server.url)
        request.deadline = .now + .seconds(1)
        let response = try await client.open(request, idleTimeout: .seconds(1))
        #expect(try await text(response.body, 4) == "one\n")
        #expect(await failure(of: response.body) == .timedOut)
    }

    @Test(
        "A request that nobody answers ends what else leads to the server, where it is told to",
        arguments: [false, true])
    func distrust(distrusting: Bool) async throws {
        let gate = Gate()
        let server = try ScriptedServer { request, socket in
            if request.line.contains("/watch") { socket.write(head + chunk("one\n")) }
            gate.wait()
            socket.write(chunk("two\n"))
            return false
        }
        defer { gate.open() }
        let client = try HTTPClient(.init())
        let watch = try await client.open(.init(server.url + "/watch"), idleTimeout: .seconds(60))
        #expect(try await text(watch.body, 4) == "one\n")
        var request = HTTPClient.Request(server.url + "/silent")
        // It tells only when it was sent by then.
        request.deadline = .now + (distrusting ? .seconds(1) : .milliseconds(20))
        request.distrustsSilence = distrusting
        #expect(await HTTPClientTests.failure(of: request, by: client) == .timedOut)
        if !distrusting { gate.open() }
        if distrusting {
            #expect(await failure(of: watch.body) == .truncated)
        } else {
            #expect(try await text(watch.body, 4) == "two\n")
        }
    }

    @Test("A server that says anything meanwhile is only late with one answer")
    func distrustOfSilenceOnly() async throws {
        let gate = Gate()
        let server = try ScriptedServer { request, socket in
            guard request.line.contains("/watch") else {
                gate.wait()
                return false
            }
            socket.write(head)
            while !gate.isOpen {
                socket.write(chunk("more\n"))
                usleep(1_000)
            }
            socket.write(Array("0\r\n\r\n".utf8))
            return true
        }
        defer { gate.open() }
        let client = try HTTPClient(.init())
        let watch = try await client.open(.init(server.url + "/watch"), idleTimeout: .seconds(60))
        let reader = Task { await failure(of: watch.body) }
        var request = HTTPClient.Request(server.url + "/silent")
        request.deadline = .now + .seconds(1)
        request.distrustsSilence = true
        #expect(await HTTPClientTests.failure(of: request, by: client) == .timedOut)
        gate.open()
        #expect(await reader.value == nil)
    }

    @Test("A request that no connection was free for tells nothing about those that there are")
    func distrustOfWhatWasAsked() async throws {
        let gate = Gate()
        let server = try ScriptedServer { _, socket in
            socket.write(head)
            gate.wait()
            socket.write(chunk("one\n") + Array("0\r\n\r\n".utf8))
            return true
        }
        defer { gate.open() }
        let client = try HTTPClient(.init(maximumConnectionsPerHost: 1))
        let watch = try await client.open(.init(server.url + "/watch"), idleTimeout: .seconds(60))
        var request = HTTPClient.Request(server.url + "/queued")
        request.deadline = .now + .milliseconds(50)
        request.distrustsSilence = true
        #expect(await HTTPClientTests.failure(of: request, by: client) == .timedOut)
        #expect(server.requests.count == 1)
        gate.open()
        #expect(try await text(watch.body, 4) == "one\n")
        #expect(await failure(of: watch.body) == nil)
    }

    @Test("Who reads too slowly gets what was taken, and then the reason")
    func slowReader() async throws {
        let isLetGo = Gate()
        let server = try ScriptedServer { request, socket in
            socket.write(head)
            for _ in 0..<64 { socket.write(chunk(String(repeating: "x", count: 1 << 10))) }
            guard request.line.contains("/slow") else { return false }
            while !socket.read(upTo: 1).isEmpty {}
            isLetGo.open()
            return false
        }
        let client = try HTTPClient(.init())
        var request = HTTPClient.Request(server.url + "/slow")
        request.maximumResponseBytes = 16 << 10
        let slow = try await client.open(request, idleTimeout: .seconds(10))
        // Others are served by the same thread meanwhile.
        let quick = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        #expect(await failure(of: quick.body) == .truncated)
        while !isLetGo.isOpen { await Task.yield() }
        var taken = 0
        let outcome = await #expect(throws: HTTPClient.Failure.self) {
            while let bytes = try await slow.body.next() { taken += bytes.count }
        }
        #expect(outcome == .readerTooSlow(limit: 16 << 10))
        #expect(taken <= 16 << 10)
    }

    @Test("A connection that breaks is no end")
    func truncated() async throws {
        let server = try ScriptedServer { _, socket in
            socket.write(head + chunk("one\n"))
            return false
        }
        let client = try HTTPClient(.init())
        let response = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        #expect(try await text(response.body, 4) == "one\n")
        #expect(await failure(of: response.body) == .truncated)
        let nobody = try ScriptedServer { _, _ in false }
        let closing = await failure(opening: .init(nobody.url), by: client)
        #expect(closing == .disconnected("127.0.0.1:\(nobody.port) closed the connection without an answer"))
    }

    @Test("The transfer ends with the task that reads, and with the last reference")
    func lettingGo() async throws {
        let ended = Atomic<Int>(0)
        let server = try ScriptedServer { _, socket in
            socket.write(head + chunk("one\n"))
            while !socket.read(upTo: 1).isEmpty {}
            ended.add(1, ordering: .relaxed)
            return false
        }
        let client = try HTTPClient(.init())
        let response = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        #expect(try await text(response.body, 4) == "one\n")
        let reader = Task { await failure(of: response.body) }
        reader.cancel()
        #expect(await reader.value == .cancelled)
        while ended.load(ordering: .relaxed) < 1 { await Task.yield() }

        _ = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        while ended.load(ordering: .relaxed) < 2 { await Task.yield() }

        let unread = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        client.close()
        #expect(await failure(of: unread.body) == .closed)
        #expect(await failure(opening: .init(server.url), by: client) == .closed)
    }

    @Test("A task that is cancelled while it waits for the header stops waiting")
    func cancelledOpening() async throws {
        let gate = Gate()
        let server = try ScriptedServer { _, _ in
            gate.wait()
            return false
        }
        defer { gate.open() }
        let client = try HTTPClient(.init())
        let task = Task { await failure(opening: .init(server.url), by: client) }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test("One task reads a response, and a second is told so")
    func twoReaders() async throws {
        let gate = Gate()
        let server = try ScriptedServer { _, socket in
            socket.write(head)
            gate.wait()
            return false
        }
        defer { gate.open() }
        let client = try HTTPClient(.init())
        let response = try await client.open(.init(server.url), idleTimeout: .seconds(10))
        await withTaskGroup { group in
            for _ in 0..<2 { group.addTask { await failure(of: response.body) } }
            // Whoever came first has nothing to read yet.
            #expect(await group.next() == .malformed("two tasks read one response"))
            gate.open()
            #expect(await group.next() == .truncated)
        }
    }
}
