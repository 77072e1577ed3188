import Admission
import Rehearsal

/// A report for people.
struct ReportTable {
    private let report: Report
    private let terminal: Terminal

    init(_ report: Report, terminal: Terminal = Terminal()) {
        self.report = report
        self.terminal = terminal
    }

    var text: String {
        var table = Table(["RESOURCE", "POLICY", "RULE", "IMAGE", "RESULT", "WHY"])
        for row in report.rows {
            table.add(
                [row.resource, row.policy, row.rule, row.image ?? "-", word(row), why(row)].map { printable($0) })
        }
        var text = report.rows.isEmpty ? "" : table.text { row, column, cell in style(row, column, cell) } + "\n"
        for warning in report.warnings { text += "warning: \(warning)\n" }
        text += Report.summary(report) + "\n"
        return text
    }

    private func word(_ row: Row) -> String {
        let isReported = !row.denies && (row.result == .fail || row.result == .error)
        return row.result.rawValue + (isReported ? " (audit)" : "")
    }

    /// The pinned image of one that passed, else the cause without what the row says already.
    private func why(_ row: Row) -> String {
        guard row.result != .pass else { return row.pinned.map { "pinned: \($0)" } ?? "" }
        return row.cause
    }

    private func style(_ row: Int, _ column: Int, _ cell: String) -> String {
        guard column == 4 else { return cell }
        let row = report.rows[row]
        return switch row.result {
        case .pass: terminal.green(cell)
        case .fail, .error: row.denies ? terminal.red(cell) : terminal.yellow(cell)
        case .skip: cell
        }
    }
}

extension Report {
    /// `1 pass, 1 fail, 0 skip, 0 error; denied: Pod/test/web`.
    static func summary(_ report: Report) -> String {
        let counts = Row.Result.allCases.map { "\(report.count($0)) \($0.rawValue)" }.joined(separator: ", ")
        let denied = report.denials.map { printable($0.resource) }.joined(separator: ", ")
        return counts + (denied.isEmpty ? "; nothing would be denied" : "; would be denied: \(denied)")
    }
}
