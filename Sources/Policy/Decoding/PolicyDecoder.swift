import JSON
import Matching

/// Compiles one ClusterPolicy or Policy document.
///
/// Every field is walked: what decides is honoured or refused by its path.
///
/// Source: spec/verify-images.md, "The two spellings".
struct PolicyDecoder {
    enum Kind: String, Sendable {
        case clusterPolicy = "ClusterPolicy"
        case policy = "Policy"
    }

    let kind: Kind
    let document: Value
    let findings: Findings

    /// Names of rules longer than this cannot be stored in a cluster.
    static let maximumRuleNameLength = 63
    static let timeoutSeconds = 1...30
    /// A cluster refuses objects of more than 1.5 MB, which no policy of so many rules would fit into.
    static let maximumRules = 1_000

    init(kind: Kind, document: Value, file: String) {
        self.kind = kind
        self.document = document
        let name = document["metadata"]?["name"]?.string ?? "without a name"
        let namespace = kind == .policy ? document["metadata"]?["namespace"]?.string.map { $0 + "/" } ?? "" : ""
        findings = Findings(file: file, policy: "\(kind.rawValue) \(namespace)\(name)")
    }

    /// The policy; nil when it has problems, or nothing to say about images, which the notes then tell.
    func policy() -> ImagePolicy? {
        // (1) A policy without image rules is none of our business, whatever it holds; one without any rules is a
        // mistake, perhaps only one of indentation.
        let rules = document["spec"]?["rules"].map { Array($0.elements) } ?? []
        let isImagePolicy = rules.contains(where: Self.hasImages)
        let path = FieldPath.root.child("spec").child("rules")
        if rules.isEmpty { findings.problem(path, "is missing or empty; a policy needs a list of rules") }
        refuseRulesThatDoNothing(rules, at: path)
        guard isImagePolicy else {
            if findings.problems.isEmpty { findings.note(.root, "has no verifyImages rules and is skipped") }
            return nil
        }

        // (2) The policy's own fields.
        guard let root = ObjectReader(document, .policy, at: .root, findings),
            let spec = root.object("spec", .spec)
        else { return nil }
        let identity = identity()
        let action = spec.failureAction("validationFailureAction") ?? .audit
        let overrides = spec.array("validationFailureActionOverrides").compactMap(override)
        let webhook = spec.object("webhookConfiguration", .webhookConfiguration)
        let failurePolicy = failurePolicy(spec, webhook)
        let timeout = timeout(spec, webhook)
        let applyRules = spec.word("applyRules", ApplyRules.self) ?? .all
        let emitsWarnings = spec.boolean("emitWarning") ?? false
        let isForAdmission = spec.boolean("admission") ?? true
        let runsInBackground = spec.boolean("background") ?? true

        // (3) Its image rules, then what autogen makes of them.
        let written = imageRules(rules, at: path, namespace: identity.namespace, action: action)
        let autogen = autogen(rules)
        guard findings.problems.isEmpty else { return nil }
        let made = written.flatMap { rule in
            autogen.rules(from: rule, bodies: autogen.kinds.isEmpty ? [:] : bodies(of: rule, in: rules, at: path))
        }
        guard findings.problems.isEmpty else { return nil }
        noteRulesForPodsAlone(written, autogen, at: path)
        guard isForAdmission else {
            findings.note(
                spec.path.child("admission"), "is false, so the policy says nothing about requests and is skipped")
            return nil
        }
        return ImagePolicy(
            name: identity.name, namespace: identity.namespace, failurePolicy: failurePolicy, timeoutSeconds: timeout,
            applyRules: applyRules, emitsWarnings: emitsWarnings, overrides: overrides,
            runsInBackground: runsInBackground, rules: written + made)
    }

    private func identity() -> (name: String, namespace: String?) {
        let path = FieldPath.root.child("metadata")
        let metadata = document["metadata"]
        let name = metadata?["name"]?.string ?? ""
        if name.isEmpty { findings.problem(path.child("name"), "is missing") }
        guard kind == .policy else { return (name, nil) }
        let namespace = metadata?["namespace"]?.string ?? ""
        if namespace.isEmpty {
            findings.problem(
                path.child("namespace"), "is missing; a Policy speaks for one namespace, a ClusterPolicy for all")
        }
        return (name, namespace)
    }

    func override(_ value: Value, at path: FieldPath) -> ActionOverride? {
        guard let reader = ObjectReader(value, .actionOverride, at: path, findings) else { return nil }
        let namespaces = reader.strings("namespaces").map(Glob.init)
        let selector = MatchDecoder(findings: findings, isNamespaced: false).selector(reader, "namespaceSelector")
        if namespaces.isEmpty && selector == nil {
            findings.problem(path, "names no namespaces, and would never apply; give namespaces or namespaceSelector")
        }
        guard let action = reader.failureAction("action") else {
            if reader.string("action") == nil {
                findings.problem(path.child("action"), "is missing; write Audit or Enforce")
            }
            return nil
        }
        return ActionOverride(action: action, namespaces: namespaces, namespaceSelector: selector)
    }

    private func failurePolicy(_ spec: ObjectReader, _ webhook: ObjectReader?) -> FailurePolicy {
        let old = spec.word("failurePolicy", FailurePolicy.self)
        let new = webhook?.word("failurePolicy", FailurePolicy.self)
        if old != nil && new != nil {
            findings.problem(
                spec.path.child("failurePolicy"), "stands beside webhookConfiguration.failurePolicy; say it there alone"
            )
        }
        return new ?? old ?? .fail
    }

    private func timeout(_ spec: ObjectReader, _ webhook: ObjectReader?) -> Int {
        let old = seconds(spec, "webhookTimeoutSeconds")
        let new = webhook.flatMap { seconds($0, "timeoutSeconds") }
        if old != nil && new != nil {
            findings.problem(
                spec.path.child("webhookTimeoutSeconds"),
                "stands beside webhookConfiguration.timeoutSeconds; say it there alone")
        }
        return new ?? old ?? ImagePolicy.defaultTimeoutSeconds
    }

    private func seconds(_ reader: ObjectReader, _ name: String) -> Int? {
        guard let seconds = reader.integer(name) else { return nil }
        guard Self.timeoutSeconds.contains(seconds) else {
            findings.problem(reader.path.child(name), "\(seconds) seconds cannot be waited; give 1 to 30")
            return nil
        }
        return seconds
    }

    var autogenAnnotation: String? { document["metadata"]?["annotations"]?[Autogen.annotation]?.string }

    /// Whoever wonders why a Deployment was let through finds the reason in the log.
    private func noteRulesForPodsAlone(_ rules: [ImageRule], _ autogen: Autogen, at path: FieldPath) {
        func matches(_ kind: String) -> Bool {
            let resource = ResourceAttributes(operation: .create, kind: kind)
            return rules.contains { $0.match.filters.contains { $0.kinds.contains { $0.matches(resource) } } }
        }
        guard autogen.kinds.isEmpty, autogenAnnotation ?? "" == "", matches("Pod"), !matches("Deployment") else {
            return
        }
        findings.note(
            path,
            "apply to Pods alone and not to what makes them, because a rule of the policy chooses by name, label or "
                + "annotation, lists Pod with another kind, or spells Pod in another way")
    }

    private func autogen(_ rules: [Value]) -> Autogen {
        do throws(Autogen.UnknownController) {
            return try Autogen(rules: rules, annotation: autogenAnnotation)
        } catch {
            let kinds = (Autogen.templateKinds + [Autogen.cronJob]).joined(separator: ", ")
            findings.problem(
                FieldPath.root.child("metadata").child("annotations[\(Autogen.annotation)]"),
                "\"\(error.text)\" is neither none nor all nor one of \(kinds)")
            return .none
        }
    }
}

// MARK: - Rules

extension PolicyDecoder {
    static func hasImages(_ rule: Value) -> Bool {
        rule["verifyImages"].map { !ObjectReader.isEmpty($0) } ?? false
    }

    /// Whether it is a rule of any sort, ours or not.
    static func doesSomething(_ rule: Value) -> Bool {
        ["verifyImages", "validate", "mutate", "generate"].contains { name in
            rule[name].map { !ObjectReader.isEmpty($0) } ?? false
        }
    }

    /// A misspelt `verifyImages` must not turn an image rule into one that is skipped.
    private func refuseRulesThatDoNothing(_ rules: [Value], at path: FieldPath) {
        for (index, rule) in rules.enumerated() {
            if !Self.doesSomething(rule) {
                findings.problem(
                    path.index(index), "does nothing: it has neither verifyImages nor anything else to do")
            }
        }
    }

    private func imageRules(
        _ rules: [Value], at path: FieldPath, namespace: String?, action: FailureAction
    ) -> [ImageRule] {
        guard rules.count <= Self.maximumRules else {
            findings.problem(path, "holds more than \(Self.maximumRules) rules; write several policies")
            return []
        }
        var names: Set<String> = []
        return rules.enumerated().compactMap { index, value in
            let path = path.index(index)
            guard Self.hasImages(value) else {
                let name = value["name"]?.string.map { "rule \($0) " } ?? "the rule "
                findings.note(path, name + "has no verifyImages and is skipped")
                return nil
            }
            guard let reader = ObjectReader(value, .rule, at: path, findings) else { return nil }
            let name = name(reader)
            if !names.insert(name).inserted && !name.isEmpty {
                findings.problem(
                    path.child("name"), "\"\(name)\" is the name of an earlier rule; a rule needs a name of its own")
            }
            let matching = MatchDecoder(findings: findings, isNamespaced: kind == .policy)
            let match = matching.match(value["match"], at: path.child("match"))
            let exclude = matching.exclude(value["exclude"], at: path.child("exclude"))
            let body = RuleBodyDecoder(findings: findings, policyNamespace: namespace).body(reader)
            let extractorDecoder = ExtractorDecoder(findings: findings)
            let extractors = extractorDecoder.extractors(reader)
            extractorDecoder.refuseQueries(extractors, body.entries, at: path)
            return ImageRule(
                name: name, index: index, match: match, exclude: exclude, policyNamespace: namespace,
                entries: body.entries, context: body.context, extractors: extractors, policyAction: action)
        }
    }

    /// What a rule says about the Pods inside templates, where that differs from what it says about Pods.
    private func bodies(of rule: ImageRule, in rules: [Value], at path: FieldPath) -> [PodTemplate: RuleBody] {
        // Whatever there is to note has been noted of the rule as written.
        let unheard = Findings(file: findings.file, policy: findings.policy)
        guard let reader = ObjectReader(rules[rule.index], .rule, at: path.index(rule.index), unheard) else {
            return [:]
        }
        let decoder = RuleBodyDecoder(findings: unheard, policyNamespace: rule.policyNamespace)
        var bodies: [PodTemplate: RuleBody] = [:]
        for template in PodTemplate.allCases { bodies[template] = decoder.body(reader, for: template) }
        for problem in unheard.problems {
            findings.problem(
                path.index(rule.index), "as autogen makes it for pod templates: \(problem.path): \(problem.reason)")
        }
        return bodies
    }

    private func name(_ reader: ObjectReader) -> String {
        guard let name = reader.string("name") else {
            findings.problem(reader.path.child("name"), "is missing")
            return ""
        }
        if name.utf8.count > Self.maximumRuleNameLength {
            findings.problem(
                reader.path.child("name"),
                "is longer than the \(Self.maximumRuleNameLength) characters that a cluster stores")
        }
        return name
    }
}
