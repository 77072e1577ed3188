import JSON
import Rehearsal

/// A report as it is stored, told apart by who has to say what is in it now.
struct StoredReport {
    /// What the rules said that are asked now.
    let asked: ReportContent
    /// What rules said that count still and are not asked now, as it was written.
    let kept: [Value]
    /// Whether there is anything else in it, which is out of date.
    let isStale: Bool

    init(_ report: Value, _ rules: ReportRules) {
        var asked: [ReportContent.Entry] = []
        var kept: [Value] = []
        var isStale = false
        for result in report["results"].map({ Array($0.elements) }) ?? [] {
            guard let entry = ReportContent.Entry(stored: result) else {
                isStale = true
                continue
            }
            let rule = ReportRule(policy: entry.policy, rule: entry.rule)
            if rules.asked.contains(rule) {
                asked.append(entry)
            } else if rules.isKept(rule) {
                kept.append(result)
            } else {
                isStale = true
            }
        }
        self.asked = ReportContent(entries: asked)
        self.kept = kept
        self.isStale = isStale
    }
}

extension ObjectReference {
    /// What a stored report is about.
    init(scopeOf report: Value) {
        let scope = report["scope"]
        self.init(
            apiVersion: scope?["apiVersion"]?.string ?? "", kind: scope?["kind"]?.string ?? "",
            namespace: scope?["namespace"]?.string ?? "", name: scope?["name"]?.string ?? "",
            uid: scope?["uid"]?.string ?? "")
    }
}
