import Policy

/// The text that a person reads after `kubectl apply` was refused; shaped as people's scripts already look for it.
///
/// Source: the image-rule reference, "What happens to an image".
enum DenialMessage {
    /// Longest message that is sent; the API server passes it on whole, and a terminal has to show it.
    static let maximumBytes = 16 * 1024
    /// A longer line is folded, at the borders between images only, so that one image's cause stays in one piece.
    static let foldColumn = 120

    /// One block a policy, one line a rule; all that block, not the first alone.
    static func text(_ attributes: ResourceAttributes, findings: [Verdict.Finding]) -> String {
        var text = "resource \(name(of: attributes)) was blocked due to the following policies\n"
        for (policy, rules) in grouped(findings.filter(\.blocks)) {
            text += "\n\(key(policy)):\n"
            for (rule, messages) in rules { text += line(rule, messages) }
            if text.utf8.count > maximumBytes {
                return String(text.prefix(maximumBytes)) + "…\n"
            }
        }
        return text
    }

    /// `Pod/test/hackedpod`, or `Pod/test/hacked-?` where the name has still to be generated.
    static func name(of attributes: ResourceAttributes) -> String {
        let name = attributes.name.isEmpty ? attributes.generateName + "?" : attributes.name
        let place = attributes.namespace.isEmpty ? "" : printable(attributes.namespace) + "/"
        return "\(printable(attributes.kind))/\(place)\(printable(name))"
    }

    private typealias Rules = [(name: String, messages: [String])]

    /// The findings by policy and by rule, each in the order of its name, without repetitions.
    private static func grouped(_ findings: [Verdict.Finding]) -> [(policy: String, rules: Rules)] {
        var policies: [String: [String: [String]]] = [:]
        for finding in findings {
            guard let message = finding.result.message else { continue }
            var messages = policies[finding.policy.qualifiedName]?[finding.rule.name] ?? []
            if !messages.contains(message) { messages.append(message) }
            policies[finding.policy.qualifiedName, default: [:]][finding.rule.name] = messages
        }
        return policies.sorted { $0.key < $1.key }.map { policy, rules in
            (policy, rules.sorted { $0.key < $1.key }.map { (name: $0.key, messages: $0.value) })
        }
    }

    /// One entry of a YAML mapping with a plain or a single-quoted value, folded between messages when it is long.
    private static func line(_ rule: String, _ messages: [String]) -> String {
        let start = "  \(key(rule)): "
        let whole = messages.joined(separator: "; ")
        let quoted = quote(whole)
        if messages.count == 1 || start.utf8.count + quoted.utf8.count <= foldColumn { return start + quoted + "\n" }
        let folded = messages.map { $0.replacing("'", with: "''") }.joined(separator: ";\n    ")
        return "\(start)'\(folded)'\n"
    }

    private static func key(_ name: String) -> String { quote(printable(name)) }

    /// A YAML scalar: plain where that reads back as the same string, else single-quoted.
    static func quote(_ text: String) -> String {
        let plainStart = text.utf8.first.map { byte in
            (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A)
        }
        let reserved = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let isPlain =
            plainStart == true && !text.contains(": ") && !text.contains(" #") && !text.hasSuffix(":")
            && !text.hasSuffix(" ") && !reserved.contains(text.lowercased())
        return isPlain ? text : "'\(text.replacing("'", with: "''"))'"
    }
}

extension Verdict.Finding.Result {
    /// The sentence about a failure or an error.
    public var message: String? {
        switch self {
        case .pass, .skip: nil
        case .fail(let message), .error(let message): message
        }
    }
}

/// What kubectl prints beside an allowed or denied request.
///
/// Source: Kubernetes, AdmissionResponse.warnings: keep each under 120 characters; 4096 in all.
enum Warnings {
    static let maximumCharacters = 119
    static let maximumTotal = 4096

    /// A warning for each finding that would have blocked and does not: an error under `failurePolicy: Ignore` always,
    /// an audit finding where its policy asks for warnings.
    static func of(_ findings: [Verdict.Finding]) -> [String] {
        fitting(
            findings.lazy.filter { !$0.blocks && ($0.enforces || $0.policy.emitsWarnings) }.compactMap { finding in
                finding.result.message.map {
                    "\(printable(finding.policy.qualifiedName)).\(printable(finding.rule.name)): \($0)"
                }
            })
    }

    /// The texts, each once, in one line and cut to what kubectl shows, as many as the API server passes on: it drops
    /// one that holds a line break.
    static func fitting(_ texts: some Sequence<String>) -> [String] {
        var warnings: [String] = []
        var total = 0
        for text in texts {
            let whole = printable(text)
            let warning = whole.count <= maximumCharacters ? whole : whole.prefix(maximumCharacters - 1) + "…"
            guard !warnings.contains(warning) else { continue }
            total += warning.utf8.count
            guard total <= maximumTotal else { break }
            warnings.append(warning)
        }
        return warnings
    }
}
