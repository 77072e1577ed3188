import HTTPServer

/// One client's connection: requests in, answers out, on a thread that may wait.
struct RegistryConnection {
    /// A client that is silent this long is gone. Longer than any test stalls for, so that stalls end by the client.
    private static let idleSeconds = 300

    let socket: BlockingSocket
    let answer: (RegistryRequest) -> Answer

    func run() {
        socket.setTimeout(seconds: Self.idleSeconds)
        var limits = RequestLimits()
        limits.bodyBytes = Uploads.maximumBytes
        var reader = RequestReader(limits: limits)
        while let request = nextRequest(&reader) {
            guard send(answer(request), to: request) else { return }
        }
    }

    private func nextRequest(_ reader: inout RequestReader) -> RegistryRequest? {
        while true {
            do throws(Refusal) {
                switch try reader.advance() {
                case .needsMore:
                    var count = 0
                    reader.fill { span, room in
                        count = socket.read(into: &span, room)
                        return count
                    }
                    if count == 0 { return nil }
                case .head(let head):
                    if head.expectsContinue { socket.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
                case .complete(let head):
                    let body = reader.takeBody()
                    reader.next()
                    return RegistryRequest(head: head, body: Array(body.bytes[body.range]))
                }
            } catch {
                socket.write(Array("HTTP/1.1 \(error.status) -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
                return nil
            }
        }
    }

    /// Sends an answer; false when the connection ends with it.
    private func send(_ answer: Answer, to request: RegistryRequest) -> Bool {
        let keepsAlive = request.head.keepsAlive
        switch answer.delivery {
        case .complete:
            let body = request.isHead ? [] : answer.body
            return socket.write(Self.head(answer, .length(answer.body.count), keepsAlive) + body) && keepsAlive
        case .truncated(let count):
            let body = request.isHead ? [] : answer.body.prefix(count)
            socket.write(Self.head(answer, .length(answer.body.count), keepsAlive) + body)
        case .stalled(let count):
            socket.write(Self.head(answer, .length(answer.body.count), keepsAlive) + answer.body.prefix(count))
            waitForTheEnd()
        case .silent:
            waitForTheEnd()
        case .endless(let length):
            sendEndlessly(answer, length)
        case .dropped:
            break
        }
        return false
    }

    private enum Framing {
        case length(Int)
        case chunked
    }

    private static func head(_ answer: Answer, _ framing: Framing, _ keepsAlive: Bool) -> [UInt8] {
        var text = "HTTP/1.1 \(answer.status) \(answer.status < 400 ? "OK" : "Error")\r\n"
        for (name, value) in answer.headers { text += "\(name): \(value)\r\n" }
        switch framing {
        case .length(let count): if answer.status != 204 { text += "Content-Length: \(count)\r\n" }
        case .chunked: text += "Transfer-Encoding: chunked\r\n"
        }
        text += keepsAlive ? "\r\n" : "Connection: close\r\n\r\n"
        return Array(text.utf8)
    }

    /// Writes until the client has enough, which costs the server one buffer.
    private func sendEndlessly(_ answer: Answer, _ statedLength: Int?) {
        let size = 64 << 10
        let filler = [UInt8](repeating: UInt8(ascii: " "), count: size)
        if let statedLength {
            guard socket.write(Self.head(answer, .length(statedLength), true)) else { return }
            var left = statedLength
            while left > 0, socket.write(left < size ? Array(filler.prefix(left)) : filler) { left -= size }
        } else {
            guard socket.write(Self.head(answer, .chunked, true)) else { return }
            let chunk = Array("\(String(size, radix: 16))\r\n".utf8) + filler + Array("\r\n".utf8)
            while socket.write(chunk) {}
        }
    }

    private func waitForTheEnd() {
        while !socket.read(upTo: 4096).isEmpty {}
    }
}
