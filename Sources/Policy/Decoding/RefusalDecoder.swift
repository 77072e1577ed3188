import JSON
import Matching

/// Makes what stands in for a policy that cannot be honoured: rules that fail whatever they match.
///
/// As much of the policy counts as can be made out. Where something cannot, more is refused rather than less; but a
/// policy that only reports, or that says to let pass what cannot be found out, still does. Where no
/// action is written, an unknown field that holds `Enforce` is taken for one whose name is misspelt.
struct RefusalDecoder {
    let kind: PolicyDecoder.Kind
    let document: Value
    let failure: RuleFailure
    /// Where the policy speaks, and what its parts are read with; whatever is wrong has been told.
    private let scratch: PolicyDecoder

    init(kind: PolicyDecoder.Kind, document: Value, problems: [PolicyProblem]) {
        self.kind = kind
        self.document = document
        scratch = PolicyDecoder(kind: kind, document: document, file: "")
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        let name = scratch.findings.policy.drop { $0 != " " }.dropFirst()
        failure = RuleFailure(
            "policy \(name) cannot be honoured: \(problems.first?.sentence ?? "nobody knows why")\(more)")
    }

    /// Nil where there is nothing to refuse: without rules, or where the policy is not about requests. One of which
    /// nothing at all can be read (``PolicyCollection``) fails every Pod.
    func policy() -> ImagePolicy? {
        let spec = document["spec"]
        guard spec?["admission"]?.boolean != false else { return nil }
        let metadata = document["metadata"]
        let namespace = kind == .policy ? metadata?["namespace"]?.string ?? "" : nil
        let (overrides, action) = actions(spec)
        let rules = rules(spec, namespace: namespace, action: action)
        guard !rules.isEmpty else { return nil }
        return ImagePolicy(
            name: metadata?["name"]?.string ?? "", namespace: namespace, failurePolicy: failurePolicy(spec),
            emitsWarnings: spec?["emitWarning"]?.boolean ?? false, overrides: overrides,
            runsInBackground: spec?["background"]?.boolean ?? true, rules: rules)
    }

    // MARK: What happens

    private func failurePolicy(_ spec: Value?) -> FailurePolicy {
        let given = [spec?["failurePolicy"], spec?["webhookConfiguration"]?["failurePolicy"]]
            .compactMap { $0 }.filter { !ObjectReader.isEmpty($0) }
        return !given.isEmpty && given.allSatisfy { $0.equals(FailurePolicy.ignore.rawValue) } ? .ignore : .fail
    }

    /// The overrides, and what counts where none does.
    private func actions(_ spec: Value?) -> (overrides: [ActionOverride], action: FailureAction) {
        let isMisspelt =
            Self.enforces(unknownFieldsOf: spec, .spec) || Self.enforces(unknownFieldsOf: document, .policy)
        let action = Self.action(spec?["validationFailureAction"]) ?? (isMisspelt ? .enforce : .audit)
        let written = spec?["validationFailureActionOverrides"]
        guard let written, !ObjectReader.isEmpty(written) else { return ([], action) }
        let path = FieldPath.root.child("spec").child("validationFailureActionOverrides")
        let overrides = written.elements.enumerated().compactMap { scratch.override($1, at: path.index($0)) }
        if scratch.findings.problems.isEmpty, written.kind == .array { return (overrides, action) }
        // Whoever cannot be told where it is denied is told everywhere, unless nothing is denied anywhere.
        let weakens =
            written.kind == .array && written.elements.allSatisfy { Self.action($0["action"]) == .audit }
        return ([], weakens ? action : .enforce)
    }

    /// The action that is written; nil where none is.
    private static func action(_ value: Value?) -> FailureAction? {
        guard let value, !ObjectReader.isEmpty(value) else { return nil }
        return value.string.flatMap(FailureAction.init(parsing:)) ?? .enforce
    }

    /// Whether a field that no policy has says to deny.
    private static func enforces(unknownFieldsOf value: Value?, _ table: FieldTable) -> Bool {
        guard let value else { return false }
        return value.members.contains { name, field in table.fields[name] == nil && isEnforce(field) }
    }

    private static func isEnforce(_ value: Value) -> Bool {
        value.string.flatMap(FailureAction.init(parsing:)) == .enforce
    }

    /// Whether something says to deny anywhere in what cannot be read otherwise.
    private static func mentionsEnforce(_ value: Value) -> Bool {
        switch value.kind {
        case .string: isEnforce(value)
        case .array: value.elements.contains(where: mentionsEnforce)
        case .object: value.members.contains { mentionsEnforce($0.value) }
        case .null, .boolean, .number: false
        }
    }

    // MARK: Rules

    private func rules(_ spec: Value?, namespace: String?, action: FailureAction) -> [ImageRule] {
        guard let spec else { return [everyPod(namespace: namespace, action: .enforce)] }
        guard let written = spec["rules"], !ObjectReader.isEmpty(written) else { return [] }
        guard written.kind == .array, written.count <= PolicyDecoder.maximumRules else {
            return [everyPod(namespace: namespace, action: Self.mentionsEnforce(written) ? .enforce : action)]
        }
        let values = Array(written.elements)
        let rules = values.enumerated().compactMap { index, value in
            rule(value, index, namespace: namespace, action: action)
        }
        let annotation = scratch.autogenAnnotation
        let autogen =
            (try? Autogen(rules: values, annotation: annotation)) ?? (try? Autogen(rules: values, annotation: nil))
            ?? .everyKind
        return rules + rules.flatMap { autogen.rules(from: $0) }
    }

    private func everyPod(namespace: String?, action: FailureAction) -> ImageRule {
        ImageRule(
            name: "rules", match: MatchBlock(.any, [ResourceFilter(kinds: [KindSelector(kind: "Pod")])]),
            policyNamespace: namespace, entries: [Self.entry(failureAction: nil)], policyAction: action,
            refusal: RuleRefusal(failure))
    }

    /// Nil for a rule that is none of our business.
    private func rule(_ value: Value, _ index: Int, namespace: String?, action: FailureAction) -> ImageRule? {
        guard PolicyDecoder.hasImages(value) || !PolicyDecoder.doesSomething(value) else { return nil }
        let findings = Findings(file: "", policy: "")
        let reader = ObjectReader(value, .rule, at: .root, findings)
        let known = findings.problems.count
        let extractors = reader.map { ExtractorDecoder(findings: findings).extractors($0) } ?? [:]
        let knowsImages = findings.problems.count == known
        let name = value["name"]?.string ?? ""
        return ImageRule(
            name: name.isEmpty ? "rules[\(index)]" : name, index: index, match: match(value["match"]),
            exclude: exclude(value["exclude"]), policyNamespace: namespace, entries: entries(value),
            extractors: knowsImages ? extractors : [:], policyAction: action,
            refusal: RuleRefusal(failure, isOfWholeObjects: !knowsImages))
    }

    /// What the rule matches; Pods and every kind that can be read where the rest cannot.
    private func match(_ value: Value?) -> MatchBlock {
        let findings = Findings(file: "", policy: "")
        let match = MatchDecoder(findings: findings, isNamespaced: kind == .policy).match(value, at: .root)
        guard !findings.problems.isEmpty else { return match }
        var kinds = [KindSelector(kind: "Pod")]
        let filters =
            [value].compactMap { $0 } + ["any", "all"].flatMap { value?[$0].map { Array($0.elements) } ?? [] }
        for filter in filters {
            for text in filter["resources"]?["kinds"].map({ Array($0.elements) }) ?? [] {
                guard let kind = text.string.flatMap({ try? KindSelector(parsing: $0) }) else { continue }
                if !kinds.contains(kind) { kinds.append(kind) }
            }
        }
        return MatchBlock(.any, kinds.map { ResourceFilter(kinds: [$0]) })
    }

    /// What the rule leaves out; nothing where that cannot be read in full.
    private func exclude(_ value: Value?) -> MatchBlock {
        let findings = Findings(file: "", policy: "")
        let exclude = MatchDecoder(findings: findings, isNamespaced: kind == .policy).exclude(value, at: .root)
        return findings.problems.isEmpty ? exclude : MatchBlock()
    }

    // MARK: Images

    private func entries(_ rule: Value) -> [ImageEntry] {
        guard let written = rule["verifyImages"], written.kind == .array, written.count > 0 else {
            return [Self.entry(failureAction: Self.mentionsEnforce(rule) ? .enforce : nil)]
        }
        let isMisplaced = Self.enforces(unknownFieldsOf: rule, .rule)
        return written.elements.map { value in
            let findings = Findings(file: "", policy: "")
            let isMisspelt = isMisplaced || Self.enforces(unknownFieldsOf: value, .entry)
            let action = Self.action(value["failureAction"]) ?? (isMisspelt ? .enforce : nil)
            guard let reader = ObjectReader(value, .entry, at: .root, findings) else {
                return Self.entry(failureAction: action)
            }
            let decoder = EntryDecoder(findings: findings)
            var known = findings.problems.count
            let images = decoder.imageReferences(reader)
            let knowsImages = findings.problems.count == known && !images.isEmpty
            known = findings.problems.count
            let skipped = decoder.patterns(reader, "skipImageReferences")
            let knowsSkipped = findings.problems.count == known
            return Self.entry(
                images: knowsImages ? images : nil, skipped: knowsSkipped ? skipped : [], failureAction: action)
        }
    }

    /// An entry that nothing is asked of but whether an image is its business.
    ///
    /// - Parameter images: Nil for every image.
    private static func entry(
        images: [ImageGlob]? = nil, skipped: [ImageGlob] = [], failureAction: FailureAction?
    ) -> ImageEntry {
        ImageEntry(
            imageReferences: images ?? [ImageGlob("*")], skipImageReferences: skipped, requirement: .none,
            mutateDigest: false, verifyDigest: false, required: false, failureAction: failureAction)
    }
}
