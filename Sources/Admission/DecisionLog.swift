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
        bytes.reserveCapacity(verdict.findings.count * 400)
        let time = Timestamp.now()
        for finding in verdict.findings {
            let fields = Self.fields(request, phase, finding, duration)
            LogLine(time: time, level: "info", message: "decision", fields: fields).append(to: &bytes, as: format)
        }
        sink.write(bytes, lines: verdict.findings.count)
    }

    private static func fields(
        _ request: AdmissionRequest, _ phase: Phase, _ finding: Verdict.Finding, _ duration: Duration
    ) -> [(name: String, value: LogLine.Value)] {
        let attributes = request.attributes
        return [
            ("uid", .text(request.uid)), ("call", .text(phase.rawValue)),
            ("operation", .text(attributes.operation.rawValue)), ("kind", .text(attributes.kind)),
            ("subresource", .text(attributes.subresource)), ("namespace", .text(attributes.namespace)),
            ("name", .text(attributes.name.isEmpty ? attributes.generateName + "?" : attributes.name)),
            ("policy", .text(finding.policy.qualifiedName)), ("rule", .text(finding.rule.name)),
            ("image", .text(finding.image?.text ?? "")), ("digest", .text(finding.digest.map { "\($0)" } ?? "")),
            ("verdict", .text(word(finding))), ("reason", .text(finding.result.message ?? "")),
            ("milliseconds", .number(milliseconds(duration))), ("cache", .text(finding.fromCache ? "hit" : "miss")),
            ("dryRun", .text(request.isDryRun ? "true" : "")),
        ]
    }

    /// `allowed`, `denied` or `skipped`; `audited` for what a policy in Audit lets through, `ignored` for an error that
    /// `failurePolicy: Ignore` does.
    private static func word(_ finding: Verdict.Finding) -> String {
        switch finding.result {
        case .skip: "skipped"
        case .pass: "allowed"
        case .fail, .error: finding.blocks ? "denied" : finding.rule.enforces ? "ignored" : "audited"
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
