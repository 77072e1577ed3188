import HTTPClient
import JSON
import Synchronization

/// Cuts what comes into lines.
package struct LineSplitter {
    private var bytes: [UInt8] = []
    /// Where the next line begins, and up to where no line end was found.
    private var (start, searched) = (0, 0)

    package init() {}

    /// Whether something has come that no line end has followed.
    var hasRest: Bool { bytes[start...].contains { $0 > 0x20 } }

    package mutating func append(_ chunk: [UInt8]) {
        // What was read is thrown away before more is kept.
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes += chunk
    }

    /// The next line that is complete, without its end; nil when more is needed.
    ///
    /// - Throws: when a line is longer than an object can be.
    package mutating func next() throws(APIFailure) -> [UInt8]? {
        while let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[start..<end]
            (start, searched) = (end + 1, end + 1)
            if line.contains(where: { $0 > 0x20 }) { return Array(line) }
        }
        searched = bytes.count
        guard bytes.count - start <= ClientLimits.maximumObjectBytes else {
            throw .malformed("a line of a watch is longer than \(ClientLimits.maximumObjectBytes) bytes")
        }
        return nil
    }
}

/// The events of a watch, read one at a time by whoever follows it.
final class WatchReader: Sendable {
    private let body: HTTPClient.StreamedResponse.Body
    private let lines = Mutex(LineSplitter())

    init(_ body: HTTPClient.StreamedResponse.Body) { self.body = body }

    /// The next event; nil when the server has ended the watch, or has been silent so long that it is worth asking anew.
    func next() async throws(APIFailure) -> WatchEvent? {
        while true {
            let line = try lines.withLock { lines throws(APIFailure) in try lines.next() }
            if let line { return try ObjectReader.event(line) }
            let chunk: [UInt8]?
            do throws(HTTPClient.Failure) {
                chunk = try await body.next()
            } catch .timedOut {
                chunk = nil
            } catch {
                throw APIFailure(error)
            }
            guard let chunk else {
                guard !lines.withLock(\.hasRest) else { throw .unreachable("a watch ended in the middle of a line") }
                return nil
            }
            lines.withLock { $0.append(chunk) }
        }
    }

    /// The events as they are asked for: nothing is read ahead, and the watch ends with the last reference.
    var stream: AsyncThrowingStream<WatchEvent, any Error> {
        AsyncThrowingStream { try await self.next() }
    }
}
