import Glibc
import OpenSSL
import Testing

@testable import HTTPServer

private let host = "Host: localhost\r\n"

/// A certificate for localhost, its key, and what a server makes of them.
struct Identity {
    let certificate: Certificate
    let tls: TLSContext

    init(replacing old: TLSContext? = nil) throws {
        let key = try PrivateKey.generate()
        certificate = try Certificate.selfSigned(
            commonName: "localhost", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], key: key, days: 2)
        tls = try TLSContext(
            certificateChainPEM: certificate.pem, privateKeyPEM: key.pem, keepingTicketKeysOf: old)
    }
}

/// A server of two loops, started, that is stopped when it is let go of.
func makeServer(tls: TLSContext? = nil, _ adjust: (inout Server.Configuration) -> Void = { _ in }) throws -> Server {
    var configuration = Server.Configuration(port: 0, tls: tls)
    configuration.loops = 2
    adjust(&configuration)
    let server = try Server(configuration, service: TestService())
    server.start()
    return server
}

@Suite(.timeLimit(.minutes(2))) struct ServerTests {
    @Test(arguments: [false, true])
    func keepsConnectionsAlive(tls: Bool) async throws {
        let server = try makeServer(tls: tls ? Identity().tls : nil)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: tls)
            for round in 0..<50 {
                let body = String(repeating: "a", count: round * 400)
                let answer = try client.exchange(
                    "POST /x HTTP/1.1\r\n\(host)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(answer.text == "POST /x \(body.utf8.count) \(body.utf8.count * 97)\n")
                #expect(answer.headers["connection"] == nil)
                #expect(answer.headers["date"] != nil)
            }
            let last = try client.exchange("GET /x HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
            #expect(last.headers["connection"] == "close")
            #expect(try client.isClosed())
        }
        #expect(server.statistics.connectionsAccepted == 1)
        #expect(server.statistics.requests == 51)
    }

    @Test(arguments: [false, true])
    func answersPipelinesInOrder(tls: Bool) async throws {
        let server = try makeServer(tls: tls ? Identity().tls : nil)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: tls)
            var requests = ""
            for index in 0..<100 {
                requests += "GET /\(index % 10 == 0 ? "later" : "x\(index)") HTTP/1.1\r\n\(host)\r\n"
            }
            client.send(requests)
            for index in 0..<100 {
                let expected = index % 10 == 0 ? "later 0\n" : "GET /x\(index) 0 0\n"
                #expect(try client.receive().text == expected)
            }
        }
    }

    @Test func servesOldClientsAndHead() async throws {
        let server = try makeServer()
        let port = server.port
        try await blocking {
            let old = try TestClient(port: port)
            let answer = try old.exchange("GET /old HTTP/1.0\r\n\r\n")
            #expect(answer.text == "GET /old 0 0\n")
            #expect(answer.headers["connection"] == "close")
            #expect(try old.isClosed())

            let kept = try TestClient(port: port)
            for _ in 0..<2 {
                let answer = try kept.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(answer.headers["connection"] == "keep-alive")
            }

            let head = try TestClient(port: port)
            head.send("HEAD /h HTTP/1.1\r\n\(host)\r\n")
            #expect(try head.receive(toHead: true).headers["content-length"] == "12")
            #expect(try head.exchange("GET /h HTTP/1.1\r\n\(host)\r\n").text == "GET /h 0 0\n")

            // A client that has ended its side is still answered.
            let half = try TestClient(port: port)
            half.send("GET /half HTTP/1.1\r\n\(host)\r\n")
            half.finishSending()
            #expect(try half.receive().text == "GET /half 0 0\n")
            #expect(try half.isClosed())
        }
    }

    @Test func continuesOnlyWhenItWantsTheBody() async throws {
        let server = try makeServer(tls: Identity().tls)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: true)
            let expecting = "POST /x HTTP/1.1\r\n\(host)Expect: 100-continue\r\n"
            #expect(try client.exchange(expecting + "Content-Length: 3\r\n\r\n").status == 100)
            #expect(try client.exchange("abc").text == "POST /x 3 294\n")
            #expect(try client.exchange(expecting + "Transfer-Encoding: chunked\r\n\r\n").status == 100)
            #expect(try client.exchange("3\r\nabc\r\n0\r\n\r\n").text == "POST /x 3 294\n")
            // Whoever does not wait, or sends nothing, is not told to go on.
            #expect(try client.exchange(expecting + "Content-Length: 3\r\n\r\nabc").status == 200)
            #expect(try client.exchange(expecting + "Content-Length: 0\r\n\r\n").status == 200)
            #expect(try client.exchange(expecting + "Content-Length: 99999999\r\n\r\n").status == 413)
            #expect(try client.isClosed())
        }
    }

    @Test(arguments: [false, true])
    func deliversRefusalsToClientsThatAreStillSending(tls: Bool) async throws {
        let server = try makeServer(tls: tls ? Identity().tls : nil)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: tls)
            client.send("POST /x HTTP/1.1\r\n\(host)Content-Length: 9437184\r\n\r\n")
            client.send([UInt8](repeating: 97, count: 9_437_184))
            let answer = try client.receive()
            #expect(answer.status == 413)
            #expect(answer.headers["connection"] == "close")
            #expect(try client.isClosed())

            for (request, status) in [
                ("GET / HTTP/1.1\r\n\(host)X: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431),
                ("GET / HTTP/1.1\n\n", 400), ("GET / HTTP/3.0\r\n\r\n", 505),
                ("POST / HTTP/1.1\r\n\(host)Content-Encoding: br\r\nContent-Length: 2\r\n\r\nab", 415),
            ] {
                let client = try TestClient(port: port, tls: tls)
                #expect(try client.exchange(request).status == status)
                #expect(try client.isClosed())
            }
        }
        #expect(server.statistics.requestsRefused == 5)
        #expect(server.statistics.requests == 0)
    }

    @Test func answersLaterOnceAndAlways() async throws {
        let server = try makeServer(tls: Identity().tls)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: true)
            for _ in 0..<20 {
                #expect(try client.exchange("GET /later HTTP/1.1\r\n\(host)\r\n").text == "later 0\n")
                #expect(try client.exchange("GET /dropped HTTP/1.1\r\n\(host)\r\n").status == 500)
                #expect(try client.exchange("GET /never HTTP/1.1\r\n\(host)\r\n").status == 500)
                #expect(try client.exchange("GET /x HTTP/1.1\r\n\(host)\r\n").status == 200)
            }
        }
    }

    @Test func bringsLargeBodiesOnATask() async throws {
        let server = try makeServer(tls: Identity().tls)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: true)
            for path in ["x", "later"] {
                let body = [UInt8](repeating: 1, count: 3_000_000)
                client.send("POST /\(path) HTTP/1.1\r\n\(host)Content-Length: \(body.count)\r\n\r\n")
                client.send(body)
                // What is sent before the answer has come waits its turn.
                client.send("GET /next HTTP/1.1\r\n\(host)\r\n")
                let expected = path == "x" ? "POST /x 3000000 0\n" : "later 3000000\n"
                #expect(try client.receive().text == expected)
                #expect(try client.receive().text == "GET /next 0 0\n")
            }
        }
    }

    @Test func boundsTheMemoryOfAllBodies() async throws {
        let server = try makeServer { $0.maximumBodyMemory = 1_000_000 }
        let port = server.port
        try await blocking {
            let first = try TestClient(port: port)
            first.send("POST /x HTTP/1.1\r\n\(host)Content-Length: 500000\r\n\r\n")
            first.send([UInt8](repeating: 1, count: 499_999))
            let second = try TestClient(port: port)
            second.send("POST /x HTTP/1.1\r\n\(host)Content-Length: 3000000\r\n\r\n")
            second.send([UInt8](repeating: 1, count: 3_000_000))
            #expect(try second.receive().status == 503)
            first.send([1])
            #expect(try first.receive().status == 200)
            #expect(try first.exchange("GET /x HTTP/1.1\r\n\(host)\r\n").status == 200)
        }
    }

    @Test func packsAndUnpacks() async throws {
        let server = try makeServer(tls: Identity().tls)
        let port = server.port
        try await blocking {
            let client = try TestClient(port: port, tls: true)
            let plain = try client.exchange("GET /big HTTP/1.1\r\n\(host)\r\n")
            #expect(plain.headers["content-encoding"] == nil)
            #expect(plain.headers["vary"] == "Accept-Encoding")
            let packed = try client.exchange("GET /big HTTP/1.1\r\n\(host)Accept-Encoding: br, gzip\r\n\r\n")
            #expect(packed.headers["content-encoding"] == "gzip")
            #expect(packed.headers["vary"] == "Accept-Encoding")
            #expect(try Gzip.unfold(packed.body.span, limit: 2_000_000) == plain.body)
            let refused = try client.exchange("GET /big HTTP/1.1\r\n\(host)Accept-Encoding: gzip;q=0\r\n\r\n")
            #expect(refused == plain || refused.body == plain.body)
            client.send("HEAD /big HTTP/1.1\r\n\(host)Accept-Encoding: gzip\r\n\r\n")
            #expect(try client.receive(toHead: true).headers["content-length"] == "\(packed.body.count)")
            let small = try client.exchange("GET /x HTTP/1.1\r\n\(host)Accept-Encoding: gzip\r\n\r\n")
            #expect(small.headers["content-encoding"] == nil)

            func post(_ body: [UInt8], to client: TestClient) throws -> Received {
                client.send(
                    "POST /x HTTP/1.1\r\n\(host)Content-Encoding: gzip\r\nContent-Length: \(body.count)\r\n\r\n")
                client.send(body)
                return try client.receive()
            }
            let body = try #require(Gzip.pack([UInt8](repeating: 2, count: 500_000)))
            #expect(try post(body, to: client).text == "POST /x 500000 0\n")
            #expect(try post([], to: client).text == "POST /x 0 0\n")
            #expect(try post(Array("not gzip".utf8), to: client).status == 400)
            #expect(try client.isClosed())
            // 64 MiB of zeros in 300 KB.
            let bomb = try #require(Gzip.pack([UInt8](repeating: 0, count: 64 * 1024 * 1024)))
            let second = try TestClient(port: port, tls: true)
            #expect(try post(bomb, to: second).status == 413)
            #expect(try second.isClosed())
        }
    }

    @Test(arguments: [false, true])
    func cutsHeadsAndBodiesThatDribble(tls: Bool) async throws {
        let server = try makeServer(tls: tls ? Identity().tls : nil) {
            $0.deadlines.head = .milliseconds(60)
            $0.deadlines.body = .milliseconds(60)
        }
        let port = server.port
        try await blocking {
            // However steadily it dribbles: bytes do not move the deadline.
            let head = try TestClient(port: port, tls: tls)
            for octet in Array("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 97, count: 50) {
                head.send([octet])
                usleep(5000)
            }
            #expect(try head.receive().status == 408)
            #expect(try head.isClosed())
            let body = try TestClient(port: port, tls: tls)
            #expect(try body.exchange("POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nabc").status == 408)
            #expect(try body.isClosed())
        }
        #expect(server.statistics.headTimeouts == 1)
        #expect(server.statistics.bodyTimeouts == 1)
    }

    @Test func cutsWhatNeverMovesAndServesOthers() async throws {
        let server = try makeServer(tls: Identity().tls) {
            $0.deadlines.handshake = .milliseconds(700)
            $0.deadlines.idle = .milliseconds(700)
            $0.deadlines.answer = .milliseconds(700)
            $0.deadlines.write = .milliseconds(700)
        }
        let port = server.port
        try await blocking {
            let silent = try TestClient(port: port, tls: true, handshakes: false)
            let garbage = try TestClient(port: port, tls: true, handshakes: false)
            garbage.send("GET / HTTP/1.1\r\n\(host)\r\n")
            let half = try TestClient(port: port, tls: true, handshakes: false)
            half.send([22, 3, 1, 2, 0, 1, 0, 1])
            let idle = try TestClient(port: port, tls: true)
            let patient = try TestClient(port: port, tls: true)
            #expect(try patient.exchange("GET /kept HTTP/1.1\r\n\(host)\r\n").status == 504)
            #expect(try patient.isClosed())
            #expect(garbage.isGone())
            #expect(silent.isGone())
            #expect(half.isGone())
            #expect(try idle.isClosed())
            let deaf = try TestClient(port: port, tls: true)
            for _ in 0..<16 { deaf.send("GET /big HTTP/1.1\r\n\(host)\r\n") }
            while server.statistics.writeTimeouts == 0 { usleep(1000) }
            let other = try TestClient(port: port, tls: true)
            #expect(try other.exchange("GET /x HTTP/1.1\r\n\(host)\r\n").status == 200)
        }
        let statistics = server.statistics
        #expect(statistics.handshakeTimeouts == 2)
        #expect(statistics.handshakeFailures == 1)
        #expect(statistics.idleTimeouts >= 1)
        #expect(statistics.answerTimeouts == 1)
        #expect(statistics.writeTimeouts == 1)
    }

    @Test func boundsConnections() async throws {
        let server = try makeServer { $0.maximumConnections = 2 }
        let port = server.port
        try await blocking {
            let first = try TestClient(port: port)
            #expect(try first.exchange("GET / HTTP/1.1\r\n\(host)\r\n").status == 200)
            do {
                let second = try TestClient(port: port)
                #expect(try second.exchange("GET / HTTP/1.1\r\n\(host)\r\n").status == 200)
                #expect(server.statistics.connectionsOpen == 2)
                #expect(try TestClient(port: port).isGone())
            }
            while server.statistics.connectionsOpen > 1 { usleep(1000) }
            #expect(try TestClient(port: port).exchange("GET / HTTP/1.1\r\n\(host)\r\n").status == 200)
        }
        #expect(server.statistics.connectionsRefused == 1)
    }

    /// Clients that send anything and leave at any moment: all are forgotten, and the next is served.
    @Test(arguments: [false, true])
    func outlivesClientsThatMisbehave(tls: Bool) async throws {
        let server = try makeServer(tls: tls ? Identity().tls : nil) {
            $0.deadlines.head = .milliseconds(50)
            $0.deadlines.body = .milliseconds(50)
            $0.deadlines.idle = .milliseconds(200)
            $0.deadlines.handshake = .milliseconds(500)
        }
        let port = server.port
        try await blocking {
            var random = Generator(seed: tls ? 1 : 2)
            let streams = RequestReaderTests.accepted.map(\.0) + RequestReaderTests.refused.map(\.0)
            for _ in 0..<300 {
                let client = try TestClient(port: port, tls: tls, handshakes: random.below(4) > 0)
                if random.below(2) == 0 { client.endsWithReset() }
                for _ in 0..<random.below(4) {
                    let stream = Array(streams[random.below(streams.count)].utf8)
                    client.send(Array(stream[..<random.below(stream.count + 1)]))
                    if random.below(3) == 0 { client.send("GET /later HTTP/1.1\r\n\(host)\r\n") }
                    if random.below(3) == 0 { client.send("GET /big HTTP/1.1\r\n\(host)\r\n") }
                }
                if random.below(4) == 0 { client.finishSending() }
            }
            while server.statistics.connectionsOpen > 0 { usleep(1000) }
            // More than one try: on a busy machine the deadlines may be too short for us, too.
            var answer: Received?
            while answer == nil {
                answer = try? TestClient(port: port, tls: tls).exchange("GET /x HTTP/1.1\r\n\(host)\r\n")
            }
            #expect(answer?.status == 200)
        }
    }

    /// In a process of its own, since the limit is the process's.
    @Test func waitsWhenDescriptorsRunOut() async throws {
        await #expect(processExitsWith: .success) {
            let server = try Server(Server.Configuration(), service: TestService())
            let port = server.port
            try await blocking {
                let client = try TestClient(port: port)
                client.send("GET /x HTTP/1.1\r\n\(host)\r\n")
                var limit = rlimit()
                _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                var none = rlimit(rlim_cur: 3, rlim_max: limit.rlim_max)
                _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
                server.start()
                usleep(50_000)
                precondition(server.statistics.connectionsAccepted == 0)
                _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let answer = try client.receive()
                precondition(answer.status == 200)
            }
        }
    }

    @Test func saysWhyItCannotListen() throws {
        let server = try makeServer()
        #expect(throws: ServerError.self) { try makeServer { $0.port = server.port } }
        #expect(throws: ServerError.self) { try makeServer { $0.port = 65536 } }
        #expect(throws: ServerError.self) { try makeServer { $0.host = "256.0.0.1" } }
        #expect(throws: ServerError.self) { try makeServer { $0.host = "192.0.2.1" } }
        for error: ServerError in [
            .badHost("h", reason: "r"), .cannotListen(host: "h", port: 1, reason: "r"), .system("call", 2),
        ] {
            #expect(!error.description.isEmpty)
        }
    }

    @Test func listensOnAllAddressesAndOnIPv6() async throws {
        for (host, name) in [("", "all"), ("localhost", "localhost"), ("0.0.0.0", "IPv4")] {
            let server = try makeServer { $0.host = host }
            let port = server.port
            let answer = try await blocking {
                try TestClient(port: port).exchange("GET /\(name) HTTP/1.1\r\nHost: a\r\n\r\n")
            }
            #expect(answer.status == 200)
        }
    }
}
