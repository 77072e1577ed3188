import Glibc
import OpenSSL
import Testing

@testable import HTTPServer

private let host = "Host: localhost\r\n"

/// What happens to connections when the server changes or ends.
@Suite(.timeLimit(.minutes(2))) struct LifetimeTests {
    @Test func changesCertificatesWithoutDroppingConnections() async throws {
        let old = try Identity()
        let new = try Identity(replacing: old.tls)
        let server = try makeServer(tls: old.tls)
        let (port, oldDER, newDER) = (server.port, old.certificate.der, new.certificate.der)
        let newTLS = new.tls
        try await blocking {
            let before = try TestClient(port: port, tls: true)
            #expect(before.peerCertificate == oldDER)
            #expect(try before.exchange("GET /a HTTP/1.1\r\n\(host)\r\n").status == 200)
            server.replaceTLS(newTLS)
            let after = try TestClient(port: port, tls: true)
            #expect(after.peerCertificate == newDER)
            #expect(try after.exchange("GET /b HTTP/1.1\r\n\(host)\r\n").status == 200)
            #expect(try before.exchange("GET /c HTTP/1.1\r\n\(host)\r\n").status == 200)
        }
        #expect(server.statistics.connectionsAccepted == 2)
    }

    @Test func drainsInOrder() async throws {
        let server = try makeServer(tls: Identity().tls) {
            $0.deadlines.drainAccepts = .seconds(2)
            $0.deadlines.drain = .seconds(20)
        }
        let port = server.port
        let clients = try await blocking {
            let idle = try TestClient(port: port, tls: true)
            let busy = try TestClient(port: port, tls: true)
            #expect(try idle.exchange("GET /x HTTP/1.1\r\n\(host)\r\n").headers["connection"] == nil)
            busy.send("POST /x HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\na")
            return Clients(idle: idle, busy: busy)
        }
        async let drained: Void = server.drain()
        try await blocking {
            // New connections are served for a while, and told to close.
            while true {
                let client = try TestClient(port: port, tls: true)
                let answer = try client.exchange("GET /x HTTP/1.1\r\n\(host)\r\n")
                if answer.headers["connection"] == "close" { break }
            }
            // Idle ones are closed; then nobody is let in any more; and the request in flight is still answered.
            #expect(try clients.idle.isClosed())
            while (try? TestClient(port: port)) != nil {}
            clients.busy.send("bc")
            let last = try clients.busy.receive()
            #expect(last.text == "POST /x 3 294\n")
            #expect(last.headers["connection"] == "close")
        }
        clients.busy.finishSending()
        await drained
        #expect(server.statistics.connectionsOpen == 0)
    }

    /// Clients handed from one blocking thread to the next; never used by two at once.
    private struct Clients: @unchecked Sendable {
        let idle: TestClient
        let busy: TestClient
    }

    @Test func drainingEndsInTime() async throws {
        let server = try makeServer {
            $0.deadlines.drainAccepts = .milliseconds(20)
            $0.deadlines.drain = .milliseconds(100)
        }
        let port = server.port
        let client = try await blocking {
            let client = try TestClient(port: port)
            client.send("POST /kept HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\nabc")
            while server.statistics.requests == 0 { usleep(1000) }
            return Clients(idle: client, busy: client)
        }
        await server.drain()
        #expect(server.statistics.connectionsOpen == 0)
        #expect(try await blocking { client.busy.isGone() })
        await server.drain()
    }

    @Test func aServerThatIsLetGoStops() async throws {
        var server: Server? = try makeServer()
        let port = try #require(server?.port)
        let clients = try await blocking {
            let client = try TestClient(port: port)
            _ = try client.exchange("GET / HTTP/1.1\r\n\(host)\r\n")
            return Clients(idle: client, busy: client)
        }
        server = nil
        #expect(try await blocking { clients.idle.isGone() })
    }
}
