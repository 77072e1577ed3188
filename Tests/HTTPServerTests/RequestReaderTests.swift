import Testing

@testable import HTTPServer

/// What a reader made of a stream of bytes.
struct Transcript: Equatable, CustomStringConvertible {
    var requests: [String] = []
    var refusal: Refusal?

    /// Reads `bytes`, brought in pieces that end at `cuts`.
    init(_ bytes: [UInt8], cuts: some Sequence<Int> = [], limits: RequestLimits = .standard, takes: Bool = false) {
        var reader = RequestReader(limits: limits)
        var position = 0
        do throws(Refusal) {
            for cut in Array(cuts) + [bytes.count] where cut >= position {
                let piece = Array(bytes[position..<cut])
                reader.append(piece.span)
                position = cut
                try drain(&reader, takes: takes)
            }
        } catch {
            refusal = error
        }
    }

    private mutating func drain(_ reader: inout RequestReader, takes: Bool) throws(Refusal) {
        while true {
            switch try reader.advance() {
            case .needsMore: return
            case .head: continue
            case .complete(let head):
                let body: [UInt8]
                if takes {
                    let taken = reader.takeBody()
                    body = Array(taken.bytes[taken.range])
                } else {
                    body = reader.withBody { span in span.indices.map { span[$0] } }
                }
                let fields = head.headers.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
                let target = head.path + (head.query.map { "?" + $0 } ?? "")
                requests.append(
                    "\(head.method) \(target) \(head.version) keep:\(head.keepsAlive) [\(fields)] "
                        + String(decoding: body, as: UTF8.self))
                reader.next()
            }
        }
    }

    var description: String { "\(requests) \(refusal.map(String.init(describing:)) ?? "")" }
}

private let host = "Host: a\r\n"

@Suite struct RequestReaderTests {
    /// Streams that are read to their end, with what is to come out.
    static let accepted: [(String, [String])] = [
        ("GET / HTTP/1.1\r\n\(host)\r\n", ["GET / http11 keep:true [Host=a] "]),
        ("\r\nGET / HTTP/1.1\r\n\(host)\r\n", ["GET / http11 keep:true [Host=a] "]),
        ("GET /a?b=c?d HTTP/1.1\r\nhOsT:  a:80 \t\r\n\r\n", ["GET /a?b=c?d http11 keep:true [hOsT=a:80] "]),
        ("GET / HTTP/1.0\r\n\r\n", ["GET / http10 keep:false [] "]),
        (
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            ["GET / http10 keep:true [Connection=Keep-Alive] "]
        ),
        (
            "GET / HTTP/1.1\r\n\(host)Connection: te, Close\r\n\r\n",
            ["GET / http11 keep:false [Host=a|Connection=te, Close] "]
        ),
        (
            "POST /x HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello",
            ["POST /x http11 keep:true [Host=a|Content-Length=5] hello"]
        ),
        (
            "POST /x HTTP/1.1\r\n\(host)Content-Length: 2\r\n\r\nhiPOST /y HTTP/1.1\r\n\(host)Content-Length: 0\r\n\r\n",
            [
                "POST /x http11 keep:true [Host=a|Content-Length=2] hi",
                "POST /y http11 keep:true [Host=a|Content-Length=0] ",
            ]
        ),
        (
            "POST /x HTTP/1.1\r\n\(host)Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n001;a=\"b\"\r\n!\r\n0\r\n\r\nGET / HTTP/1.1\r\n\(host)\r\n",
            [
                "POST /x http11 keep:true [Host=a|Transfer-Encoding=Chunked] hello!",
                "GET / http11 keep:true [Host=a] ",
            ]
        ),
        (
            "POST /x HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nChecksum: 1\r\nX: y\r\n\r\n",
            ["POST /x http11 keep:true [Host=a|Transfer-Encoding=chunked] 0123456789"]
        ),
        ("M-SEARCH /é HTTP/1.1\r\n\(host)\r\n", []),
        ("PROPFIND / HTTP/1.1\r\n\(host)X: é\r\nEmpty:\r\n\r\n", ["PROPFIND / http11 keep:true [Host=a|X=é|Empty=] "]),
    ]

    @Test func readsWhatIsWellFormed() {
        for (stream, expected) in Self.accepted {
            #expect(Transcript(Array(stream.utf8)).requests == expected, "\(stream)")
        }
    }

    /// Streams that must be refused, with the status. Most are ways to smuggle a request past a proxy.
    static let refused: [(String, Int)] = [
        // Two ways to say where the body ends.
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 5, 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        // Lengths that are not numbers.
        ("POST / HTTP/1.1\r\n\(host)Content-Length: +5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: -5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 0x5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 5 5\r\n\r\nhello", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length:\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999999\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 999999999999999999\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\n\(host)Content-Length: 8388609\r\n\r\n", 413),
        // Transfer encodings.
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: xchunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: identity\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: \u{B}chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding : chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Transfer_Encoding\u{0}: chunked\r\n\r\n", 400),
        // Lines.
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("\nGET / HTTP/1.1\r\n\(host)\r\n", 400),
        ("\r\n\r\nGET / HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X: a\rb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n \(host)\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host): a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X Y: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X: a\u{0}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)X: a\u{7F}\r\n\r\n", 400),
        // Hosts.
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)\(host)\r\n", 400),
        ("GET / HTTP/1.0\r\n\(host)\(host)\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        // Request lines.
        ("get / HTTP/1.1\r\n\(host)\r\n", 400),
        ("G@T / HTTP/1.1\r\n\(host)\r\n", 400),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n\(host)\r\n", 400),
        (" / HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET  / HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET /  HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET / HTTP/1.1 \r\n\(host)\r\n", 400),
        ("GET\t/\tHTTP/1.1\r\n\(host)\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("GET /\u{1} HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET /#x HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\(host)\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\n\(host)\r\n", 400),
        ("GET / http/1.1\r\n\(host)\r\n", 400),
        ("GET / HTTP/11\r\n\(host)\r\n", 400),
        ("GET / HTTP/2.0\r\n\(host)\r\n", 505),
        ("GET / HTTP/1.2\r\n\(host)\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("CONNECT a:443 HTTP/1.1\r\n\(host)\r\n", 501),
        ("TRACE / HTTP/1.1\r\n\(host)\r\n", 501),
        // Protocol changes, expectations, content encodings.
        ("GET / HTTP/1.1\r\n\(host)Upgrade: websocket\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(host)Connection: upgrade\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\n\(host)Expect: more\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\n\(host)Content-Encoding: br\r\n\r\n", 415),
        ("POST / HTTP/1.1\r\n\(host)Content-Encoding: gzip, gzip\r\n\r\n", 415),
        ("POST / HTTP/1.1\r\n\(host)Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", 415),
        // Chunks.
        (chunked("\r\n"), 400),
        (chunked("g\r\n"), 400),
        (chunked("-1\r\n"), 400),
        (chunked(" 5\r\nhello\r\n"), 400),
        (chunked("5 \r\nhello\r\n"), 400),
        (chunked("0x5\r\nhello\r\n"), 400),
        (chunked("5\nhello\r\n"), 400),
        (chunked("5\rhello\r\n"), 400),
        (chunked("5\r\nhello!\r\n"), 400),
        (chunked("5\r\nhello\n0\r\n\r\n"), 400),
        (chunked("5;a\nb\r\nhello\r\n"), 400),
        (chunked("5;" + String(repeating: "a", count: 5000) + "\r\n"), 400),
        (chunked("0000000000000000\r\n\r\n"), 400),
        (chunked("fffffffffffffffff\r\n"), 400),
        (chunked("fffffffffffffff\r\n"), 413),
        (chunked("800001\r\n"), 413),
        (chunked("5\r\nhello\r\n7ffffc\r\n"), 413),
        (chunked("0\r\nContent-Length: 5\r\n\r\n"), 400),
        (chunked("0\r\nX\r\n\r\n"), 400),
        (chunked("0\r\nX: y\n\r\n"), 400),
        (chunked("0\r\n\n"), 400),
        (chunked("0\r\n" + String(repeating: "X: y\r\n", count: 2000)), 431),
    ]

    private static func chunked(_ body: String) -> String {
        "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n" + body
    }

    @Test func refusesWhatIsNot() {
        for (stream, status) in Self.refused {
            let transcript = Transcript(Array(stream.utf8))
            #expect(transcript.refusal?.status == status, "\(stream.debugDescription) \(transcript)")
            #expect(transcript.requests.isEmpty, "\(stream.debugDescription)")
        }
    }

    @Test func aCutAnywhereChangesNothing() {
        for stream in Self.accepted.map(\.0) + Self.refused.map(\.0) where stream.utf8.count < 1000 {
            let bytes = Array(stream.utf8)
            let whole = Transcript(bytes)
            for cut in 0...bytes.count {
                #expect(Transcript(bytes, cuts: [cut]) == whole, "\(stream.debugDescription) cut at \(cut)")
            }
            #expect(Transcript(bytes, cuts: 0...bytes.count) == whole, "\(stream.debugDescription) byte by byte")
            #expect(Transcript(bytes, takes: true) == whole, "\(stream.debugDescription) with bodies taken")
        }
    }

    @Test func holdsItsLimits() {
        var limits = RequestLimits()
        limits.headBytes = 200
        limits.requestLineBytes = 50
        limits.fields = 3
        limits.bodyBytes = 10
        let long = String(repeating: "a", count: 200)
        let streams: [(String, Int?)] = [
            ("GET / HTTP/1.1\r\n\(host)A: b\r\nC: d\r\n\r\n", nil),
            ("GET / HTTP/1.1\r\n\(host)A: b\r\nC: d\r\nE: f\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\n\(host)A: \(long)\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\n\(host)A: \(long)", 431),
            ("GET /\(long.prefix(34)) HTTP/1.1\r\n\(host)\r\n", nil),
            ("GET /\(long.prefix(35)) HTTP/1.1\r\n\(host)\r\n", 414),
            ("GET /\(long)", 414),
            ("POST / HTTP/1.1\r\n\(host)Content-Length: 10\r\n\r\n0123456789", nil),
            ("POST / HTTP/1.1\r\n\(host)Content-Length: 11\r\n\r\n", 413),
            (Self.chunked("5\r\n01234\r\n5\r\n01234\r\n0\r\n\r\n"), nil),
            (Self.chunked("5\r\n01234\r\n6\r\n"), 413),
        ]
        for (stream, status) in streams {
            let bytes = Array(stream.utf8)
            let whole = Transcript(bytes, limits: limits)
            #expect(whole.refusal?.status == status, "\(stream)")
            #expect(whole.requests.count == (status == nil ? 1 : 0), "\(stream)")
            #expect(Transcript(bytes, cuts: 0...bytes.count, limits: limits) == whole, "\(stream)")
        }
    }

    /// Requests with a few bytes changed, cut anywhere: nothing crashes, cuts change nothing, and a refusal is final.
    @Test func survivesMutations() {
        var random = Generator(seed: 20_261_123)
        let seeds = (Self.accepted.map(\.0) + Self.refused.map(\.0)).map { Array($0.utf8) }.filter { $0.count < 400 }
        let interesting: [UInt8] = Array("\r\n\t :;,0159afA/?%\"\0\u{7F}".utf8) + [0x80, 0xFF]
        for _ in 0..<10_000 {
            var bytes = seeds[random.below(seeds.count)]
            if random.below(4) == 0 { bytes += seeds[random.below(seeds.count)] }
            for _ in 0..<random.below(4) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = interesting[random.below(interesting.count)]
                case 1: bytes.insert(interesting[random.below(interesting.count)], at: place)
                case 2: bytes.remove(at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            let whole = Transcript(bytes)
            let cuts = (0..<random.below(6)).map { _ in random.below(bytes.count + 1) }.sorted()
            #expect(Transcript(bytes, cuts: cuts) == whole, "\(bytes) cut at \(cuts)")
        }
    }

    @Test func saysARefusalAgain() throws {
        var reader = RequestReader()
        reader.append(Array("BAD\r\n".utf8).span)
        #expect(throws: Refusal.self) { try reader.advance() }
        reader.append(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span)
        #expect(throws: Refusal.malformed("no method at its start")) { try reader.advance() }
    }

    @Test func looksHeadersUpWithoutRegardToCase() throws {
        var reader = RequestReader()
        let text =
            "GET /a%20b?x=1&digest=sha256%3Aab&bad=%zz&timeout=10s&empty HTTP/1.1\r\nHost: a\r\nX-Thing: One\r\nx-thing: Two\r\n\r\n"
        reader.append(Array(text.utf8).span)
        guard case .head(let head) = try reader.advance() else {
            Issue.record("no head")
            return
        }
        #expect(head.header("x-thing") == "One")
        #expect(head.header("x-other") == nil)
        #expect(head.path == "/a%20b")
        #expect(head.queryValue("digest") == "sha256:ab")
        #expect(head.queryValue("timeout") == "10s")
        #expect(head.queryValue("empty") == "")
        #expect(head.queryValue("bad") == nil)
        #expect(head.queryValue("absent") == nil)
    }

    @Test func givesItsRoomBack() throws {
        var reader = RequestReader()
        reader.append(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span)
        _ = try reader.advance()
        reader.releaseRoom(all: true)
        #expect(reader.heldBytes > 0)  // a request is under way
        _ = try reader.advance()
        reader.next()
        reader.releaseRoom(all: true)
        #expect(reader.heldBytes == 0)
        #expect(reader.pendingBytes == 0)
    }
}

/// A small generator whose numbers are the same on every run (xorshift64*).
struct Generator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return bound <= 0 ? 0 : Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}
