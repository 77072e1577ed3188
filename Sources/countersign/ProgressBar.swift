import FoundationEssentials
import Synchronization

/// How far a command has come, as a bar on a terminal; nothing elsewhere.
final class ProgressBar: Sendable {
    private let total: Int?
    private let what: String
    private let isShown: Bool
    private let last: Mutex<ContinuousClock.Instant?> = Mutex(nil)

    private static let width = 30
    /// Between two pictures: as often as an eye can follow.
    private static let interval = Duration.milliseconds(100)

    /// - Parameter total: Nil where it is not known.
    init(
        total: Int?, of what: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.total = total
        self.what = what
        isShown = StandardError.isTerminal && environment["TERM"] != "dumb"
    }

    func show(_ done: Int) {
        guard isShown else { return }
        let isDue = last.withLock { last in
            if let last, ContinuousClock.now - last < Self.interval { return false }
            last = .now
            return true
        }
        if isDue { StandardError.write("\r\u{1B}[K\(text(done))") }
    }

    func clear() {
        if last.withLock({ $0 != nil }) { StandardError.write("\r\u{1B}[K") }
    }

    private func text(_ done: Int) -> String {
        guard let total, total > 0 else { return "\(done) \(what) …" }
        // The number of objects was another when they were counted.
        let filled = Self.width * min(done, total) / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        return "\(bar) \(done)/\(max(done, total)) \(what)"
    }
}
