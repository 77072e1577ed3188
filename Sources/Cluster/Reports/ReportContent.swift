import JSON
import Rehearsal

/// What a PolicyReport says about one object: an entry for each rule.
///
/// Source: wgpolicyk8s.io/v1alpha2, PolicyReport.
struct ReportContent: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        let policy: String
        let rule: String
        var result: Row.Result
        var message: String
        /// The images that the rule looked at, and what came of each: `ghcr.io/org/app:v1: pass; …`.
        var images: String
    }

    private(set) var entries: [Entry] = []

    /// Longest message and list of images of an entry, in characters: an object of many rules stays far below what etcd
    /// takes.
    static let maximumTextLength = 2_000
    static let source = "countersign"

    /// The worst of what a rule says about the images of an object.
    init(_ rows: [Row]) {
        struct Key: Hashable {
            let policy: String
            let rule: String
        }
        var indexes: [Key: Int] = [:]
        // A rule that names none of the images has nothing to say about the object.
        for row in rows where !row.policy.isEmpty && (row.image != nil || row.result != .skip) {
            let image = row.image.map { "\($0): \(row.result.rawValue)" } ?? ""
            let key = Key(policy: row.policy, rule: row.rule)
            guard let index = indexes[key] else {
                indexes[key] = entries.count
                entries.append(
                    Entry(
                        policy: row.policy, rule: row.rule, result: row.result, message: row.message, images: image))
                continue
            }
            entries[index].add(row, image)
        }
        for index in entries.indices {
            entries[index].message = Self.bounded(entries[index].message)
            entries[index].images = Self.bounded(entries[index].images)
        }
        entries.sort { ($0.policy, $0.rule) < ($1.policy, $1.rule) }
    }

    /// What a stored report says, as far as it is ours to say.
    init(stored report: Value) {
        for result in report["results"].map({ Array($0.elements) }) ?? [] {
            guard let word = result["result"]?.string.flatMap(Row.Result.init(rawValue:)) else { continue }
            entries.append(
                Entry(
                    policy: result["policy"]?.string ?? "", rule: result["rule"]?.string ?? "", result: word,
                    message: result["message"]?.string ?? "",
                    images: result["properties"]?["images"]?.string ?? ""))
        }
    }

    private static func bounded(_ text: String) -> String {
        text.count <= maximumTextLength ? text : text.prefix(maximumTextLength - 1) + "…"
    }

    // MARK: Writing

    /// The name of the report of an object. Beginning with ours, it is never that of another controller's report, which
    /// by habit is the bare uid.
    static func name(uid: String) -> String { "\(source)-\(uid)" }

    /// The report as it is applied.
    ///
    /// - Parameter seconds: When the object was looked at, in Unix seconds.
    func body(about object: ObjectReference, at seconds: Int) -> [UInt8] {
        var writer = Writer()
        func text(_ key: String, _ text: String) {
            writer.key(key)
            writer.string(text)
        }
        writer.beginObject()
        text("apiVersion", "wgpolicyk8s.io/v1alpha2")
        text("kind", object.namespace.isEmpty ? "ClusterPolicyReport" : "PolicyReport")
        writer.key("metadata")
        writer.beginObject()
        text("name", Self.name(uid: object.uid))
        if !object.namespace.isEmpty { text("namespace", object.namespace) }
        writer.key("labels")
        writer.beginObject()
        text(Installation.managedByLabel.key, Installation.managedByLabel.value)
        writer.endObject()
        // Gone with the object, whoever deletes it.
        writer.key("ownerReferences")
        writer.beginArray()
        writer.beginObject()
        text("apiVersion", object.apiVersion)
        text("kind", object.kind)
        text("name", object.name)
        text("uid", object.uid)
        writer.endObject()
        writer.endArray()
        writer.endObject()
        writer.key("scope")
        object.write(to: &writer)
        writer.key("results")
        writer.beginArray()
        for entry in entries { Self.write(entry, at: seconds, to: &writer) }
        writer.endArray()
        writer.key("summary")
        writer.beginObject()
        for result in Row.Result.allCases {
            writer.key(result.rawValue)
            writer.integer(entries.count { $0.result == result })
        }
        writer.key("warn")
        writer.integer(0)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ entry: Entry, at seconds: Int, to writer: inout Writer) {
        func text(_ key: String, _ text: String) {
            writer.key(key)
            writer.string(text)
        }
        writer.beginObject()
        text("source", source)
        text("policy", entry.policy)
        text("rule", entry.rule)
        text("result", entry.result.rawValue)
        if !entry.message.isEmpty { text("message", entry.message) }
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
        if !entry.images.isEmpty { text("images", entry.images) }
        text("process", "background scan")
        writer.endObject()
        writer.endObject()
    }
}

extension ReportContent.Entry {
    fileprivate mutating func add(_ row: Row, _ image: String) {
        if !image.isEmpty { images += (images.isEmpty ? "" : "; ") + image }
        if row.result.gravity > result.gravity {
            (result, message) = (row.result, row.message)
        } else if row.result == result, !row.message.isEmpty, !message.contains(row.message) {
            message += (message.isEmpty ? "" : "; ") + row.message
        }
    }
}
