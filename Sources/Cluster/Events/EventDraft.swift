import Admission
import JSON
import Kubernetes
import Policy

/// Something worth an Event, before it is known how often it happened. What is equal is one Event, counted.
struct EventDraft: Sendable, Hashable {
    enum Reason: String, Sendable, Hashable {
        /// An image does not meet a rule.
        case violation = "PolicyViolation"
        /// It could not be found out whether an image meets a rule.
        case error = "PolicyError"
        /// A PolicyException let the object pass.
        case exception = "PolicySkipped"
    }

    enum Subject: Sendable, Hashable {
        case object(ObjectReference)
        /// A policy, which is an object only where it did not come from a file.
        case policy(ObjectName)
    }

    let subject: Subject
    let reason: Reason
    let message: String
    /// Whether the request was denied.
    let isDenied: Bool

    /// Longest message, in characters: what the newer Events API allows, and a terminal shows.
    static let maximumMessageLength = 1000

    /// What stands for further messages of the same reason about the same subject, once there are too many of them.
    var combined: EventDraft {
        EventDraft(subject: subject, reason: reason, message: Self.combinedMessage, isDenied: isDenied)
    }

    static let combinedMessage = "(combined from similar events; the log of Countersign has each of them)"

    /// The Events that a decision is worth: for each policy that has something to say, one on the object and one on the
    /// policy.
    ///
    /// A denial is told by whichever call made it; everything else by validate alone, which every request comes to.
    static func of(_ request: AdmissionRequest, _ outcome: Outcome) -> [EventDraft] {
        let isDenied = !outcome.verdict.isAllowed
        guard isDenied || outcome.phase == .validate else { return [] }
        let attributes = request.attributes
        let object = reference(to: request, isDenied: isDenied)
        let subject = isDenied ? existing(object, attributes) : object

        var policies: [String: [Verdict.Finding]] = [:]
        var order: [String] = []
        for finding in outcome.verdict.findings where isDenied ? finding.blocks : finding.isNoteworthy {
            let name = finding.policy.qualifiedName
            if policies[name] == nil { order.append(name) }
            policies[name, default: []].append(finding)
        }
        return order.flatMap { name in
            drafts(policies[name] ?? [], about: object, subject: subject, isDenied: isDenied)
        }
    }

    private static func drafts(
        _ findings: [Verdict.Finding], about object: ObjectReference, subject: ObjectReference, isDenied: Bool
    ) -> [EventDraft] {
        guard let policy = findings.first?.policy else { return [] }
        let reason =
            findings.map { Self.reason($0) }.max { gravity($0) < gravity($1) } ?? .error
        let said = sentences(findings)
        let verdict = isDenied ? "fail (blocked)" : reason == .exception ? "skip" : "fail"
        let resource = subject == object ? "" : " for \(printable(object.text))"
        return [
            EventDraft(
                subject: .object(subject), reason: reason,
                message: bounded("policy \(printable(policy.qualifiedName)) \(verdict)\(resource): \(said)"),
                isDenied: isDenied),
            EventDraft(
                subject: .policy(ObjectName(policy.name, namespace: policy.namespace)), reason: reason,
                message: bounded("\(printable(object.text)): \(verdict); \(said)"), isDenied: isDenied),
        ]
    }

    /// `[rule] why; why`, rule by rule, without repetitions.
    private static func sentences(_ findings: [Verdict.Finding]) -> String {
        var rules: [(name: String, reasons: [String])] = []
        for finding in findings {
            let why =
                finding.result.message
                ?? finding.exception.map { "excepted by PolicyException \(printable($0))" } ?? ""
            if let index = rules.firstIndex(where: { $0.name == finding.rule.name }) {
                if !rules[index].reasons.contains(why) { rules[index].reasons.append(why) }
            } else {
                rules.append((finding.rule.name, [why]))
            }
        }
        return rules.map { "[\(printable($0.name))] \($0.reasons.joined(separator: "; "))" }.joined(separator: " ")
    }

    private static func bounded(_ text: String) -> String {
        text.count <= maximumMessageLength ? text : text.prefix(maximumMessageLength - 1) + "…"
    }

    private static func reason(_ finding: Verdict.Finding) -> Reason {
        switch finding.result {
        case .fail: .violation
        case .error: .error
        case .pass, .skip: .exception
        }
    }

    private static func gravity(_ reason: Reason) -> Int {
        switch reason {
        case .exception: 0
        case .error: 1
        case .violation: 2
        }
    }
}

// MARK: - What an Event is on

extension EventDraft {
    private static func reference(to request: AdmissionRequest, isDenied: Bool) -> ObjectReference {
        let attributes = request.attributes
        let metadata = (attributes.object ?? attributes.oldObject)?["metadata"]
        let group = attributes.group.isEmpty ? "" : attributes.group + "/"
        var (name, uid) = (attributes.name, metadata?["uid"]?.string ?? "")
        if isDenied, attributes.operation == .create {
            // It never comes to be, and whoever tries again tries under another uid and, where the request leaves the
            // name to the API server, under another name, which validate sees: those are one and the same to people.
            uid = ""
            if request.source["name"]?.string?.isEmpty ?? true, !attributes.generateName.isEmpty { name = "" }
        }
        return ObjectReference(
            apiVersion: group + attributes.version, kind: attributes.kind, namespace: attributes.namespace,
            name: name.isEmpty ? attributes.generateName + "?" : name, uid: uid)
    }

    /// What a person looks at after a denial: of an object that was to be made by another, the maker, since it is there
    /// and the object is not.
    private static func existing(_ object: ObjectReference, _ attributes: ResourceAttributes) -> ObjectReference {
        guard attributes.operation == .create, let owners = attributes.object?["metadata"]?["ownerReferences"] else {
            return object
        }
        for owner in owners.elements where owner["controller"]?.boolean == true {
            guard let apiVersion = owner["apiVersion"]?.string, let kind = owner["kind"]?.string,
                let name = owner["name"]?.string, let uid = owner["uid"]?.string
            else { continue }
            // Owners are in the namespace of what they own, or in none: those are told by their kind alone.
            guard kind != "Node" else { continue }
            return ObjectReference(
                apiVersion: apiVersion, kind: kind, namespace: object.namespace, name: name, uid: uid)
        }
        return object
    }
}
