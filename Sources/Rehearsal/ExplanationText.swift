import Admission
import Policy
import Verification

extension Explanation {
    /// What a line is about, for colours.
    public enum Tone: Sendable {
        case heading, good, bad, plain
    }

    /// How many rules that do not look are listed: for a person, the first ones are enough.
    static let maximumOtherRules = 12

    /// The explanation for a person: the verdict, the images with what lies beside each, the rules.
    public func lines() -> [(tone: Tone, text: String)] {
        var lines: [(tone: Tone, text: String)] = []
        lines.append(
            denial == nil
                ? (.good, "\(printable(resource)) would be admitted.")
                : (.bad, "\(printable(resource)) would be denied."))
        lines += rows.filter { $0.result != .skip }.map { Self.line($0, indent: "  ") }
        for image in images { lines += Self.lines(image) }
        lines += ruleLines()
        return lines
    }

    // MARK: Images

    private static func lines(_ image: Image) -> [(tone: Tone, text: String)] {
        var lines: [(tone: Tone, text: String)] = [(.plain, ""), (.heading, "image \(printable(image.text))")]
        if image.rows.isEmpty { lines.append((.plain, "  no rule that looks at the resource names it")) }
        lines += image.rows.map { line($0, indent: "  ") }
        if let digest = image.digest { lines.append((.plain, "  is \(digest)")) }
        for inspection in image.inspections {
            for place in inspection.places { lines += self.lines(place) }
        }
        return lines
    }

    private static func line(_ row: Row, indent: String) -> (tone: Tone, text: String) {
        let reported = row.denies || row.result == .pass || row.result == .skip ? "" : " (reported, not denied)"
        let why =
            switch row.result {
            case .pass: row.pinned.map { "pinned to @\($0.split(separator: "@").last ?? "")" } ?? ""
            default: row.cause
            }
        let text =
            "\(indent)\(row.result.rawValue)\(reported): \(row.policy)/\(row.rule)" + (why.isEmpty ? "" : ": \(why)")
        let tone: Tone =
            switch row.result {
            case .pass: .good
            case .fail, .error: .bad
            case .skip: .plain
            }
        return (tone, printable(text, limit: maximumLineLength))
    }

    private static func lines(_ place: Inspection.Place) -> [(tone: Tone, text: String)] {
        let what = place.purpose == "signatures" ? "" : " for \(place.purpose)"
        let start = "  looked\(what) in \(place.repository), \(place.name): "
        var lines: [(tone: Tone, text: String)] = []
        if place.pieces.isEmpty && place.problems.isEmpty { return [(.plain, start + "nothing there")] }
        lines.append((.plain, start + "\(place.pieces.count) found"))
        for problem in place.problems { lines.append((.bad, printable("    cannot be used: \(problem)"))) }
        for piece in place.pieces.prefix(maximumPieces) {
            for answer in piece.answers {
                let said = answer.failure ?? "verified"
                lines.append(
                    (
                        answer.failure == nil ? .good : .plain,
                        printable("    \(piece.kind), \(answer.attestor): \(said)")
                    ))
            }
        }
        if place.pieces.count > maximumPieces {
            lines.append((.plain, "    and \(place.pieces.count - maximumPieces) more"))
        }
        return lines
    }

    /// More signatures beside one image than this say the same again.
    private static let maximumPieces = 8
    /// Longest line, in characters.
    private static let maximumLineLength = 1024

    // MARK: Rules

    /// One line for each rule as it is written: of a rule and those that autogen made of it, the one that looks, or
    /// else the one that came nearest.
    private func ruleLines() -> [(tone: Tone, text: String)] {
        var written: [String: [RuleExplanation]] = [:]
        var order: [String] = []
        for rule in rules {
            let key = "\(rule.policy.qualifiedName)\n\(rule.rule.index)"
            if written[key] == nil { order.append(key) }
            written[key, default: []].append(rule)
        }
        let nearest = order.compactMap { written[$0].flatMap(Self.nearest) }
        let looking = nearest.filter { $0.match == .looks }
        let others = nearest.filter { $0.match != .looks }

        var lines: [(tone: Tone, text: String)] = [(.plain, ""), (.heading, "rules")]
        for rule in looking {
            let action = rule.rule.enforces ? "Enforce" : "Audit"
            lines.append((.plain, printable("  \(Self.name(rule)) looks at it (\(action))")))
        }
        for rule in others.prefix(Self.maximumOtherRules) {
            switch rule.match {
            case .looks: continue
            case .passes(let clause): lines.append((.plain, printable("  \(Self.name(rule)) does not: \(clause)")))
            case .unknown(let why): lines.append((.bad, printable("  \(Self.name(rule)) cannot be told: \(why)")))
            }
        }
        if others.count > Self.maximumOtherRules {
            lines.append((.plain, "  and \(others.count - Self.maximumOtherRules) more do not"))
        }
        return lines
    }

    private static func name(_ rule: RuleExplanation) -> String { "\(rule.policy.qualifiedName)/\(rule.rule.name)" }

    private static func nearest(_ variants: [RuleExplanation]) -> RuleExplanation? {
        func isUnknown(_ rule: RuleExplanation) -> Bool {
            if case .unknown = rule.match { return true }
            return false
        }
        return variants.first { $0.match == .looks } ?? variants.first(where: isUnknown)
            ?? variants.first(where: \.isAboutKind) ?? variants.first
    }
}

extension Row {
    /// The cause without the image that it is about.
    public var cause: String {
        guard let image, let range = message.firstRange(of: "\(image): ") else { return message }
        return String(message[range.upperBound...])
    }
}
