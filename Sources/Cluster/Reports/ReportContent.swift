import JSON
import Rehearsal

/// What the asked rules say about one object: an entry of its PolicyReport for each.
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

    /// Longest message and list of images of an entry, in characters.
    static let maximumTextLength = 2_000
    /// Entries of a report: with the longest of texts still below what etcd takes, which is 1.5 MB.
    static let maximumEntries = 300
    static let source = "countersign"

    /// The worst of what a rule says about the images of an object.
    init(_ rows: [Row]) {
        var indexes: [ReportRule: Int] = [:]
        // A rule that names none of the images has nothing to say about the object.
        for row in rows where !row.policy.isEmpty && (row.image != nil || row.result != .skip) {
            let image = row.image.map { "\($0): \(row.result.rawValue)" } ?? ""
            let key = ReportRule(policy: row.policy, rule: row.rule)
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
        if entries.count > Self.maximumEntries {
            // The worst are what somebody has to see.
            entries.sort {
                ($1.result.gravity, $0.policy, $0.rule) < ($0.result.gravity, $1.policy, $1.rule)
            }
            entries.removeLast(entries.count - Self.maximumEntries)
        }
        entries.sort { ($0.policy, $0.rule) < ($1.policy, $1.rule) }
    }

    /// What stored entries say; those of several writers stand in one report.
    init(entries: [Entry]) {
        self.entries = entries.sorted { ($0.policy, $0.rule) < ($1.policy, $1.rule) }
    }

    /// Without what was said by rules that have gone meanwhile.
    func limited(to rules: Set<ReportRule>) -> ReportContent {
        ReportContent(entries: entries.filter { rules.contains(ReportRule(policy: $0.policy, rule: $0.rule)) })
    }

    private static func bounded(_ text: String) -> String {
        text.count <= maximumTextLength ? text : text.prefix(maximumTextLength - 1) + "…"
    }

    /// The name of the report of an object. Beginning with ours, it is never that of another controller's report, which
    /// by habit is the bare uid.
    static func name(uid: String) -> String { "\(source)-\(uid)" }

    /// What it weighs where it waits, in bytes, about.
    var weight: Int {
        entries.reduce(Self.entryWeight) { weight, entry in
            weight + Self.entryWeight + entry.message.utf8.count + entry.images.utf8.count
        }
    }

    /// Names and the rest of an entry.
    private static let entryWeight = 200
}

extension ReportContent {
    /// How it was found out what a report says.
    enum Process: String, Sendable {
        case backgroundScan = "background scan"
        /// As the object was sent.
        case admission = "admission review"
    }
}

extension ReportContent.Entry {
    /// An entry as it is stored; nil for what is none of ours.
    init?(stored result: Value) {
        guard let word = result["result"]?.string.flatMap(Row.Result.init(rawValue:)) else { return nil }
        self.init(
            policy: result["policy"]?.string ?? "", rule: result["rule"]?.string ?? "", result: word,
            message: result["message"]?.string ?? "", images: result["properties"]?["images"]?.string ?? "")
    }

    fileprivate mutating func add(_ row: Row, _ image: String) {
        if !image.isEmpty { images += (images.isEmpty ? "" : "; ") + image }
        if row.result.gravity > result.gravity {
            (result, message) = (row.result, row.message)
        } else if row.result == result, !row.message.isEmpty, !message.contains(row.message) {
            message += (message.isEmpty ? "" : "; ") + row.message
        }
    }
}
