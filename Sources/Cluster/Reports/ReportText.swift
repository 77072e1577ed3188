import JSON
import Rehearsal

/// Writes PolicyReports.
///
/// Source: wgpolicyk8s.io/v1alpha2, PolicyReport.
struct ReportText {
    let object: ObjectReference
    let content: ReportContent
    /// What other rules said before, as it is stored.
    let kept: [Value]
    let process: ReportContent.Process
    /// When the object was looked at, in Unix seconds.
    let seconds: Int

    var isEmpty: Bool { content.entries.isEmpty && kept.isEmpty }

    /// A report has a bound, whoever wrote it.
    private var others: ArraySlice<Value> {
        kept.prefix(max(0, ReportContent.maximumEntries - content.entries.count))
    }

    /// - Parameter version: The one that was read, so that a newer one is not overwritten; nil for a report that is to
    ///   be made.
    func body(replacing version: String?) -> [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.text("apiVersion", "wgpolicyk8s.io/v1alpha2")
        writer.text("kind", object.namespace.isEmpty ? "ClusterPolicyReport" : "PolicyReport")
        writer.key("metadata")
        writeMetadata(version, to: &writer)
        writer.key("scope")
        object.write(to: &writer)
        writer.key("results")
        writer.beginArray()
        for entry in content.entries { write(entry, to: &writer) }
        for result in others { writer.value(result) }
        writer.endArray()
        writer.key("summary")
        writeSummary(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private func writeMetadata(_ version: String?, to writer: inout Writer) {
        writer.beginObject()
        writer.text("name", ReportContent.name(uid: object.uid))
        if !object.namespace.isEmpty { writer.text("namespace", object.namespace) }
        if let version { writer.text("resourceVersion", version) }
        writer.key("labels")
        writer.beginObject()
        writer.text(Installation.managedByLabel.key, Installation.managedByLabel.value)
        writer.endObject()
        // Gone with the object, whoever deletes it.
        writer.key("ownerReferences")
        writer.beginArray()
        writer.beginObject()
        writer.text("apiVersion", object.apiVersion)
        writer.text("kind", object.kind)
        writer.text("name", object.name)
        writer.text("uid", object.uid)
        writer.endObject()
        writer.endArray()
        writer.endObject()
    }

    private func writeSummary(to writer: inout Writer) {
        let words = content.entries.map(\.result.rawValue) + others.compactMap { $0["result"]?.string }
        writer.beginObject()
        for result in Row.Result.allCases {
            writer.key(result.rawValue)
            writer.integer(words.count { $0 == result.rawValue })
        }
        writer.key("warn")
        writer.integer(0)
        writer.endObject()
    }

    private func write(_ entry: ReportContent.Entry, to writer: inout Writer) {
        writer.beginObject()
        writer.text("source", ReportContent.source)
        writer.text("policy", entry.policy)
        writer.text("rule", entry.rule)
        writer.text("result", entry.result.rawValue)
        if !entry.message.isEmpty { writer.text("message", entry.message) }
        writer.key("scored")
        writer.boolean(true)
        writer.key("timestamp")
        writer.beginObject()
        writer.key("seconds")
        writer.integer(seconds)
        writer.key("nanos")
        writer.integer(0)
        writer.endObject()
        writer.key("properties")
        writer.beginObject()
        if !entry.images.isEmpty { writer.text("images", entry.images) }
        writer.text("process", process.rawValue)
        writer.endObject()
        writer.endObject()
    }
}

extension Writer {
    fileprivate mutating func text(_ key: String, _ text: String) {
        self.key(key)
        string(text)
    }
}
