import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A bounded buffer before a file descriptor, emptied by a queue of its own, so that a slow reader of the log never
/// holds up a request: what does not fit is dropped and counted.
public final class LogSink: Sendable {
    /// Bytes that may wait; some thousand lines.
    public static let maximumBufferedBytes = 4 * 1024 * 1024
    /// How long lines gather before they are written: under load one wake-up and one write serve hundreds of lines, and
    /// nobody who reads along notices.
    private static let gathering = DispatchTimeInterval.milliseconds(5)

    private struct State {
        var waiting: [UInt8] = []
        var isWriting = false
    }

    private let descriptor: Int32
    private let queue = DispatchQueue(label: "countersign.log")
    private let state = Mutex(State())
    private let dropped = Atomic<Int>(0)

    /// - Parameter descriptor: Where lines go; it is not closed.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Lines that found no room.
    public var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Takes over whole lines, each ended by a newline.
    public func write(_ bytes: [UInt8], lines: Int) {
        let wakes = state.withLock { state in
            guard state.waiting.count + bytes.count <= Self.maximumBufferedBytes else {
                dropped.add(lines, ordering: .relaxed)
                return false
            }
            state.waiting.append(contentsOf: bytes)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if wakes { queue.asyncAfter(deadline: .now() + Self.gathering) { self.empty() } }
    }

    /// Waits until everything taken over so far is written.
    public func flush() { queue.sync { empty() } }

    private func empty() {
        while true {
            let batch = state.withLock { state in
                let batch = state.waiting
                // A new array instead of a kept capacity: after a burst the memory goes back.
                state.waiting = []
                if batch.isEmpty { state.isWriting = false }
                return batch
            }
            if batch.isEmpty { return }
            writeAll(batch)
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                offset += count
            } else if errno != EINTR && errno != EAGAIN {
                return
            }
        }
    }
}
