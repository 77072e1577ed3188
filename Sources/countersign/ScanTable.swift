import Admission
import Cluster
import Rehearsal

/// What runs, for people: by namespace and image.
struct ScanTable {
    private let report: ScanReport
    private let terminal: Terminal

    /// Resources that are named in the last line; who needs all takes `--output json`.
    private static let maximumNames = 10

    init(_ report: ScanReport, terminal: Terminal = Terminal()) {
        self.report = report
        self.terminal = terminal
    }

    var text: String {
        let lines = report.sortedLines
        var table = Table(["NAMESPACE", "IMAGE", "PODS", "OTHERS", "RESULT", "POLICY", "WHY"])
        for line in lines {
            let worst = line.worst
            let row = [
                line.namespace.isEmpty ? "-" : line.namespace, line.image, "\(line.pods)", "\(line.others)",
                word(worst), worst?.policy ?? "-", worst?.cause ?? "no rule names it",
            ]
            table.add(row.map { printable($0) })
        }
        var text = lines.isEmpty ? "" : table.text { style(lines[$0].worst, $1, $2) } + "\n"
        for problem in report.problems { text += "error: \(printable(problem))\n" }
        for warning in report.warnings { text += "warning: \(printable(warning))\n" }
        return text + summary(lines) + "\n"
    }

    private func word(_ finding: ScanReport.Line.Finding?) -> String {
        guard let finding else { return "none" }
        let isReported = !finding.denies && (finding.result == .fail || finding.result == .error)
        return finding.result.rawValue + (isReported ? " (audit)" : "")
    }

    private func style(_ finding: ScanReport.Line.Finding?, _ column: Int, _ cell: String) -> String {
        guard column == 4, let finding else { return cell }
        return switch finding.result {
        case .pass: terminal.green(cell)
        case .fail, .error: finding.denies ? terminal.red(cell) : terminal.yellow(cell)
        case .skip: cell
        }
    }

    /// `12 pods, 3 images in 2 namespaces; would be denied: Pod/test/web`.
    private func summary(_ lines: [ScanReport.Line]) -> String {
        let namespaces = Set(lines.map(\.namespace)).count
        let counts =
            "\(Self.count(report.pods, "pod")), \(Self.count(report.objects - report.pods, "other object")), "
            + "\(Self.count(lines.count, "image")) in \(Self.count(namespaces, "namespace"))"
        guard !report.denied.isEmpty else { return counts + "; nothing would be denied" }
        let named = report.denied.prefix(Self.maximumNames).map { printable($0) }.joined(separator: ", ")
        let more = report.denied.count - Self.maximumNames
        return counts + "; would be denied: \(named)" + (more > 0 ? " and \(more) more" : "")
    }

    private static func count(_ number: Int, _ what: String) -> String {
        "\(number) \(what)\(number == 1 ? "" : "s")"
    }
}
