import Admission
import JSON
import OCI
import Rehearsal

/// What runs, image by image, and what the policies say about it: for the person who ran `countersign scan`.
public struct ScanReport: Sendable {
    /// One image in one namespace.
    public struct Line: Sendable {
        public struct Finding: Sendable {
            public let policy: String
            public let rule: String
            public internal(set) var result: Row.Result
            public internal(set) var denies: Bool
            public internal(set) var message: String
            /// The message without the image, which the line says already.
            public internal(set) var cause: String
        }

        public let namespace: String
        public let image: String
        /// Pods that hold the image, each once.
        public internal(set) var pods = 0
        /// Other objects that do: what makes pods.
        public internal(set) var others = 0
        public internal(set) var digest: Digest?
        /// What each rule says; of several objects, the worst. Empty where no rule names the image.
        public internal(set) var findings: [Finding] = []

        /// The worst of the findings; nil where no rule names the image.
        public var worst: Finding? { findings.max { $0.rank < $1.rank } }
    }

    private struct Key: Hashable {
        let namespace: String
        let image: String
    }

    private var lines: [Key: Line] = [:]
    /// Objects that were looked at.
    public private(set) var objects = 0
    public private(set) var pods = 0
    /// In the order in which they were looked at.
    public private(set) var rows: [Row] = []
    /// The objects that would be denied if they were sent now, as `Pod/test/web`.
    public private(set) var denied: [String] = []
    /// What befell objects and rules as a whole, as far as it would deny.
    public private(set) var problems: [String] = []
    /// The same, as far as it would not.
    public private(set) var warnings: [String] = []

    public init() {}

    /// By namespace and image.
    public var sortedLines: [Line] {
        lines.values.sorted { ($0.namespace, $0.image) < ($1.namespace, $1.image) }
    }

    public mutating func add(_ object: ScannedObject) {
        let isPod = object.reference.kind == "Pod" && object.reference.apiVersion == "v1"
        objects += 1
        if isPod { pods += 1 }

        // (1) The images that the object holds, and those that rules find in it.
        var images = object.images
        for image in object.report.rows.compactMap(\.image) where !images.contains(image) { images.append(image) }
        for image in images {
            let key = Key(namespace: object.reference.namespace, image: image)
            var line = lines[key] ?? Line(namespace: key.namespace, image: image)
            if isPod { line.pods += 1 } else { line.others += 1 }
            // A rule that fails as a whole may be about any of the images.
            for row in object.report.rows where row.image == image || row.isOfWholeRule { line.add(row) }
            lines[key] = line
        }

        // (2) What is said about the object. That a rule names none of its images is not worth saying.
        rows += object.report.rows.filter { $0.image != nil || $0.result != .skip }
        denied += object.report.denials.map(\.resource)
        for row in object.report.rows where row.isOfWholeRule {
            let text = "\(row.resource): \(row.policy)/\(row.rule): \(row.message)"
            if row.denies { problems.append(text) } else { warnings.append(text) }
        }
    }
}

extension Row {
    /// Whether it says what befell a rule, instead of what the rule says about an image.
    fileprivate var isOfWholeRule: Bool { image == nil && result != .skip }
}

extension ScanReport.Line.Finding {
    fileprivate var rank: Int { (denies ? 10 : 0) + result.gravity }
}

extension ScanReport.Line {
    fileprivate mutating func add(_ row: Row) {
        digest = digest ?? row.digest
        let finding = Finding(
            policy: row.policy, rule: row.rule, result: row.result, denies: row.denies, message: row.message,
            cause: row.cause)
        guard let index = findings.firstIndex(where: { $0.policy == row.policy && $0.rule == row.rule }) else {
            findings.append(finding)
            return
        }
        if finding.rank > findings[index].rank { findings[index] = finding }
    }
}

// MARK: - For programs

extension ScanReport {
    /// `{"images": […], "results": […], "denied": […], "summary": {…}}`.
    ///
    /// `images` are by namespace and image, with how many pods and others hold each and what the rules say; `result` is
    /// the worst of it, or `none` where no rule names the image. `results` are as those of `countersign apply`. Fields
    /// are added, never renamed.
    public var json: [UInt8] {
        var writer = Writer()
        writer.beginObject()
        writer.key("images")
        writer.beginArray()
        for line in sortedLines { line.write(to: &writer) }
        writer.endArray()
        writer.key("results")
        writer.beginArray()
        for row in rows { row.write(to: &writer) }
        writer.endArray()
        writer.key("denied")
        writer.beginArray()
        for resource in denied { writer.string(resource) }
        writer.endArray()
        writer.key("summary")
        writer.beginObject()
        for (key, count) in [
            ("objects", objects), ("pods", pods), ("images", lines.count), ("denied", denied.count),
        ] + Row.Result.allCases.map({ result in (result.rawValue, rows.count { $0.result == result }) }) {
            writer.key(key)
            writer.integer(count)
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}

extension ScanReport.Line {
    fileprivate func write(to writer: inout Writer) {
        func text(_ key: String, _ text: String?) {
            guard let text else { return }
            writer.key(key)
            writer.string(text)
        }
        writer.beginObject()
        text("namespace", namespace)
        text("image", image)
        text("digest", digest?.description)
        for (key, count) in [("pods", pods), ("others", others)] {
            writer.key(key)
            writer.integer(count)
        }
        text("result", worst?.result.rawValue ?? "none")
        writer.key("denies")
        writer.boolean(worst?.denies ?? false)
        writer.key("findings")
        writer.beginArray()
        for finding in findings {
            writer.beginObject()
            text("policy", finding.policy)
            text("rule", finding.rule)
            text("result", finding.result.rawValue)
            text("message", finding.message)
            writer.key("denies")
            writer.boolean(finding.denies)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}
