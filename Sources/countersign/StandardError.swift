import Admission
import Glibc
import Synchronization

/// Lines for people beside what a command prints.
enum StandardError {
    static let isTerminal = isatty(2) == 1

    static func print(_ line: String) { write(line + "\n") }

    static func write(_ text: String) {
        let sink = LogSink(descriptor: 2)
        sink.write(Array(text.utf8), lines: 1)
        sink.flush()
    }
}

/// How far a command has come: on a terminal only, and only once it takes a while.
final class ProgressLine: Sendable {
    private let total: Int
    private let begin = ContinuousClock.now
    private let isShown = Atomic(false)

    /// What is over sooner needs no telling.
    private static let patience = Duration.seconds(1)

    init(total: Int) { self.total = total }

    func show(_ done: Int) {
        guard StandardError.isTerminal, done < total, ContinuousClock.now - begin > Self.patience else { return }
        isShown.store(true, ordering: .relaxed)
        StandardError.write("\r\u{1B}[Kchecked \(done) of \(total) resources …")
    }

    func clear() {
        if isShown.load(ordering: .relaxed) { StandardError.write("\r\u{1B}[K") }
    }
}
