import Kubernetes

/// Watches and lists: what comes of a watch does not depend on how it was cut.
enum WatchTarget: FuzzTarget {
    static let name = "watch"

    static func run(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let whole = events(stream, piece: max(1, stream.count))
        require(whole == events(stream, piece: Int(first % 16) + 1), "pieces read as the whole does")
        _ = try? ObjectReader.page(stream, .pods)
    }

    private static func events(_ bytes: [UInt8], piece: Int) -> [String] {
        var splitter = LineSplitter()
        var events: [String] = []
        do throws(APIFailure) {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                splitter.append(Array(bytes[start..<min(bytes.count, start + piece)]))
                while let line = try splitter.next() { events.append("\(try ObjectReader.event(line))") }
            }
        } catch {
            events.append("\(error)")
        }
        return events
    }
}
