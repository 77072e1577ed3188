import Testing

@testable import HTTPServer

@Suite struct PartsTests {
    @Test func tokensAreRFC9110s() {
        let token = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for octet in UInt8.min...UInt8.max { #expect(Octet.isToken(octet) == token.contains(octet), "\(octet)") }
    }

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=1.0, *;q=0.5", true), ("*", true),
        ("br;q=1.0, *;q=0", false), ("gzip;q=0", false), ("gzip;q=0.000", false), ("gzip;q=0.001", true),
        ("gzip;q=0, *", false), ("identity", false), ("", false), ("identity;q=1, gzip;q=0.5", false),
        ("identity;q=0.5, gzip", true), ("gzip;q=2", false), ("gzip;q=1.001", false), ("gzip;q=0.1234", false),
        ("gzip;q=", false), ("gzip;level=1", false), ("gzip ; q=0.5", true), ("gzipped", false),
    ])
    func acceptEncoding(value: String, taken: Bool) {
        #expect(AcceptEncoding.takesGzip(value) == taken)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00"), (784_111_777, "Sun, 06 Nov 1994 08:49:37"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59"),
        (1_709_251_199, "Thu, 29 Feb 2024 23:59:59"),
    ])
    func dates(time: Int, text: String) {
        #expect(String(decoding: DateLine.line(unixTime: time), as: UTF8.self) == "Date: \(text) GMT\r\n")
    }

    @Test func gzipGoesThereAndBack() throws {
        var random = Generator(seed: 7)
        for size in [0, 1, 100, 5000, 300_000] {
            let bytes = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.below(7)) }
            let packed = try #require(Gzip.pack(bytes))
            #expect(try Gzip.unfold(packed.span, limit: size) == bytes)
            if size > 0 {
                #expect(throws: Gzip.Failure.tooLarge) { try Gzip.unfold(packed.span, limit: size - 1) }
            }
            var damaged = packed
            damaged[damaged.count - 6] ^= 1
            for bytes in [packed + [0], packed.dropLast(), damaged] {
                #expect(throws: Gzip.Failure.malformed) { try Gzip.unfold(bytes.span, limit: size + 10) }
            }
        }
        for bytes: [UInt8] in [[], [1, 2, 3]] {
            #expect(throws: Gzip.Failure.malformed) { try Gzip.unfold(bytes.span, limit: 10) }
        }
    }

    private func written(_ response: Response, _ form: ResponseWriter.Form = .init()) -> String {
        var output: [UInt8] = []
        ResponseWriter.write(response, form, dateLine: Array("Date: D\r\n".utf8), to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func responsesAreWritten() {
        let response = Response(
            status: 200, contentType: "a/b", headers: [("X", "y\r\nSet-Cookie: z")], body: [65, 66])
        let head = "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: a/b\r\nContent-Length: 2\r\n"
        #expect(written(response) == head + "X: y  Set-Cookie: z\r\n\r\nAB")
        #expect(written(response, .init(isHead: true)) == head + "X: y  Set-Cookie: z\r\n\r\n")
        #expect(written(response, .init(closes: true)) == head + "X: y  Set-Cookie: z\r\nConnection: close\r\n\r\nAB")
        #expect(
            written(response, .init(isHTTP10: true)) == head + "X: y  Set-Cookie: z\r\nConnection: keep-alive\r\n\r\nAB"
        )
        #expect(written(Response(status: 204, body: [65])) == "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n")
    }

    @Test func claimsAreBoundedAndGivenBack() {
        let memory = BodyMemory(limit: 100)
        do {
            let one = BodyMemory.Claim(on: memory)
            let two = BodyMemory.Claim(on: memory)
            #expect(one.grow(to: 60))
            #expect(one.grow(to: 50))
            #expect(!two.grow(to: 41))
            #expect(two.grow(to: 40))
            #expect(!one.grow(to: 61))
        }
        #expect(BodyMemory.Claim(on: memory).grow(to: 100))
    }

    @Test func refusalsHaveASentence() {
        let refusals: [Refusal] = [
            .malformed("x"), .targetTooLong(limit: 1), .headTooLarge(limit: 1), .tooManyFields(limit: 1),
            .bodyTooLarge(limit: 1), .unsupportedVersion, .unsupportedMethod, .unsupportedTransferEncoding,
            .unsupportedContentEncoding, .unknownExpectation, .overloaded,
        ]
        for refusal in refusals {
            #expect(!refusal.description.isEmpty)
            #expect(refusal.status >= 400)
        }
    }
}
