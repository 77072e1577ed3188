import FoundationEssentials
import Glibc

/// What standard output can show.
struct Terminal {
    /// Colours only where a person looks, and not where the person said no.
    ///
    /// Source: no-color.org; `TERM=dumb` by convention.
    let hasColours: Bool

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        hasColours = isatty(1) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    func green(_ text: String) -> String { paint(text, 32) }
    func red(_ text: String) -> String { paint(text, 31) }
    func yellow(_ text: String) -> String { paint(text, 33) }
    func bold(_ text: String) -> String { paint(text, 1) }

    private func paint(_ text: String, _ code: Int) -> String {
        hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
