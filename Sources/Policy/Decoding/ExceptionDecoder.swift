import JSON
import Matching

/// Compiles one PolicyException document.
struct ExceptionDecoder {
    let document: Value
    let findings: Findings

    /// The versions of `kyverno.io` in which a PolicyException means what it means here.
    static let versions = ["v2", "v2beta1"]

    init(document: Value, file: String) {
        self.document = document
        findings = Findings(file: file, policy: "PolicyException \(Self.qualifiedName(of: document))")
    }

    static func qualifiedName(of document: Value) -> String {
        let name = document["metadata"]?["name"]?.string ?? "without a name"
        return document["metadata"]?["namespace"]?.string.map { $0 + "/" + name } ?? name
    }

    /// Nil, and problems, for an exception that cannot be honoured in full.
    func exception(version: String) -> PolicyException? {
        if !Self.versions.contains(version) {
            findings.problem(
                FieldPath.root.child("apiVersion"),
                "version \(version) is not known; write kyverno.io/"
                    + Self.versions.joined(separator: " or kyverno.io/"))
        }
        guard let root = ObjectReader(document, .exception, at: .root, findings) else { return nil }
        guard let spec = root.object("spec", .exceptionSpec) else {
            if root["spec"] == nil { findings.problem(FieldPath.root.child("spec"), "is missing") }
            return nil
        }
        let match = MatchDecoder(findings: findings, isNamespaced: false)
            .match(spec["match"], at: spec.path.child("match"))
        let rules = spec.array("exceptions").compactMap(rules)
        if spec.array("exceptions").isEmpty {
            findings.problem(spec.path.child("exceptions"), "names no rules, and would except nothing")
        }
        if let podSecurity = spec["podSecurity"], !ObjectReader.isEmpty(podSecurity) {
            findings.note(spec.path.child("podSecurity"), "is not about images and is passed over")
        }
        guard findings.problems.isEmpty else { return nil }
        return PolicyException(
            qualifiedName: Self.qualifiedName(of: document), rules: rules, match: match)
    }

    private func rules(_ value: Value, at path: FieldPath) -> PolicyException.Rules? {
        guard let reader = ObjectReader(value, .exceptedRules, at: path, findings) else { return nil }
        let names = reader.strings("ruleNames").map(Glob.init)
        if names.isEmpty {
            findings.problem(path.child("ruleNames"), "names no rules, and would except nothing; use \"*\" for all")
        }
        guard let policy = reader.string("policyName") else {
            findings.problem(path.child("policyName"), "is missing")
            return nil
        }
        if Glob.isPattern(policy) {
            findings.problem(
                path.child("policyName"),
                "\"\(policy)\" would match nothing, since policies are named as they are; list them one by one")
        }
        return PolicyException.Rules(policyName: policy, ruleNames: names)
    }
}
