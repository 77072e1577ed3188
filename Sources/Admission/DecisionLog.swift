import Policy

/// One line for every decision: for each image of a review, under each rule that looks at it.
public final class DecisionLog: Sendable {
    private let format: LogLine.Format
    private let sink: LogSink?

    /// - Parameter sink: Where lines go; nil writes none.
    public init(format: LogLine.Format, sink: LogSink?) {
        self.format = format
        self.sink = sink
    }

    func record(_ request: AdmissionRequest, phase: Phase, verdict: Verdict, duration: Duration) {
        guard let sink, !verdict.findings.isEmpty else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(verdict.findings.count * LogLineWriter.usualBytes)
        let beginning = beginning(request, phase)
        let milliseconds = Self.milliseconds(duration)
        for finding in verdict.findings {
            var line = beginning
            line.field("policy", finding.policy.qualifiedName)
            line.field("rule", finding.rule.name)
            line.field("image", finding.image?.text ?? "")
            if let digest = finding.digest { line.field("digest", digest.description) }
            line.field("verdict", Self.word(finding))
            line.field("reason", finding.result.message ?? finding.exception.map { "exception \($0)" } ?? "")
            line.field("milliseconds", number: milliseconds)
            line.field("cache", finding.fromCache ? "hit" : "miss")
            if request.isDryRun { line.field("dryRun", "true") }
            line.end(into: &bytes)
        }
        sink.write(bytes, lines: verdict.findings.count)
    }

    /// What all lines about one request begin with.
    private func beginning(_ request: AdmissionRequest, _ phase: Phase) -> LogLineWriter {
        let attributes = request.attributes
        var line = LogLineWriter(format, time: Timestamp.now(), level: "info", message: "decision")
        line.field("uid", request.uid)
        line.field("call", phase.rawValue)
        line.field("operation", attributes.operation.rawValue)
        line.field("kind", attributes.kind)
        line.field("subresource", attributes.subresource)
        line.field("namespace", attributes.namespace)
        line.field("name", attributes.name.isEmpty ? attributes.generateName + "?" : attributes.name)
        return line
    }

    /// `allowed`, `denied` or `skipped`; `audited` for what a policy in Audit lets through, `ignored` for an error that
    /// `failurePolicy: Ignore` does.
    private static func word(_ finding: Verdict.Finding) -> String {
        switch finding.result {
        case .skip: "skipped"
        case .pass: "allowed"
        case .fail, .error: finding.blocks ? "denied" : finding.enforces ? "ignored" : "audited"
        }
    }

    /// Milliseconds with three decimals.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        let fraction = String(microseconds % 1000)
        return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction)"
    }
}
