import HTTPServer

/// The request reader: what it makes of a stream does not depend on how the stream was cut.
enum HTTPTarget: FuzzTarget {
    static let name = "http"

    static func run(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let whole = events(stream, piece: stream.count)
        require(whole == events(stream, piece: Int(first % 16) + 1), "pieces read as the whole does")
    }

    private static func events(_ bytes: [UInt8], piece: Int) -> [String] {
        var reader = RequestReader()
        var events: [String] = []
        var start = 0
        repeat {
            let end = min(bytes.count, start + max(1, piece))
            reader.append(bytes.span.extracting(start..<end))
            start = end
            do throws(Refusal) {
                while try advance(&reader, &events) {}
            } catch {
                return events + ["\(error)"]
            }
        } while start < bytes.count
        return events
    }

    /// - Returns: whether the bytes so far may hold more.
    private static func advance(_ reader: inout RequestReader, _ events: inout [String]) throws(Refusal) -> Bool {
        switch try reader.advance() {
        case .needsMore: return false
        case .head(let head): events.append("\(head.method) \(head.path) \(head.query ?? "")")
        case .complete:
            events.append(reader.withBody { body in "\(body.indices.map { body[$0] })" })
            reader.next()
        }
        return true
    }
}
