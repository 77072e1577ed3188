import JSON

/// What a rule says besides which requests it is about.
struct RuleBody: Sendable {
    var entries: [ImageEntry]
    /// Nil for a rule without variables, conditions or Secrets.
    var context: RuleContext?
}

/// Reads a rule's `context`, `preconditions` and `verifyImages`.
struct RuleBodyDecoder {
    let findings: Findings
    /// The namespace of a namespaced Policy; nil for a ClusterPolicy.
    let policyNamespace: String?

    func body(_ rule: ObjectReader) -> RuleBody {
        let decoder = EntryDecoder(findings: findings, policyNamespace: policyNamespace)
        let entries = rule.array("verifyImages").compactMap { decoder.entry($0, at: $1) }
        let context = ContextDecoder(findings: findings, policyNamespace: policyNamespace).entries(rule)
        let preconditions = rule["preconditions"].map {
            ConditionDecoder(findings: findings).conditions($0, at: rule.path.child("preconditions"))
        }

        let templates = entries.flatMap(\.variables)
        let variables =
            templates + entries.flatMap { $0.statements.map { $0.conditionVariables + $0.denyVariables } ?? [] }
        let secrets = entries.flatMap(\.secrets)
        refuseUnknownNames(context, templates + (preconditions?.variables ?? []), entries, at: rule.path)
        let isNeeded = preconditions?.isEmpty == false || entries.contains(where: \.usesVariables)
        guard isNeeded else { return RuleBody(entries: entries, context: nil) }
        return RuleBody(
            entries: entries,
            context: RuleContext(
                entries: context, preconditions: preconditions, secrets: secrets, variables: variables))
    }

    /// Names that every rule's variables may begin with.
    private static let knownNames: Set<String> = ["request", "images", "serviceAccountName", "serviceAccountNamespace"]

    /// A name that nothing has would be undefined for every request: a mistake, perhaps only one of spelling.
    private func refuseUnknownNames(
        _ context: [ContextEntry], _ variables: [Variable], _ entries: [ImageEntry], at path: FieldPath
    ) {
        var known = Self.knownNames
        func check(_ variables: [Variable], at path: FieldPath) {
            for variable in variables {
                guard let unknown = variable.rootNames?.subtracting(known).sorted().first else { continue }
                findings.problem(
                    path,
                    "{{ \(variable.text) }}: nothing is called \(unknown); variables begin with "
                        + known.sorted().joined(separator: ", "))
            }
        }
        for (index, entry) in context.enumerated() {
            check(entry.scopedVariables, at: path.child("context").index(index))
            known.insert(entry.name)
        }
        check(variables, at: path)
        // The root of conditions over a predicate has whatever that has; `deny` sees what has a name.
        for statements in entries.compactMap(\.statements) {
            let before = known
            for name in statements.attestations.compactMap(\.name) where !known.insert(name).inserted {
                findings.problem(path, "an attestation has the name of a context entry, \(name); choose another name")
            }
            check(statements.denyVariables, at: path)
            known = before
        }
    }

    /// The body of the rule that autogen makes for a kind of pod template; nil where it is the same.
    ///
    /// Source: spec/verify-images.md, "Autogen".
    func body(_ rule: ObjectReader, for template: PodTemplate) -> RuleBody? {
        guard let document = template.rewritten(rule.value) else { return nil }
        guard let rewritten = ObjectReader(document.root, .rule, at: rule.path, findings) else { return nil }
        return body(rewritten)
    }
}
