import JMESPath
import JSON
import Verification

/// Attestors with variables, or with keys that Secrets hold: decoded for each request, like any other policy's, once
/// it is known what stands in their place.
///
/// Source: spec/verify-images.md, "Conditions and variables": variables work in attestors.
public struct RequirementTemplate: Sendable {
    /// An entry's fields that make its requirement.
    private indirect enum Part: Sendable {
        case text(TextTemplate)
        case secret(SecretReference)
        case list([Part])
        case object([(key: String, value: Part)])
        /// As it is: no text, or text without variables.
        case value(Value)
    }

    private let root: Part
    private let file: String
    private let policy: String
    private let path: FieldPath
    let variables: [Variable]
    let secrets: [SecretReference]

    /// The fields of an entry of `verifyImages` that attestors are made of.
    private static let fields: Set<String> = [
        "type", "attestors", "attestations", "key", "annotations", "repository",
    ]
    /// The fields in which variables may stand.
    private static let keyFields: Set<String> = ["publicKeys", "key"]
    private static let otherFields: Set<String> = ["repository", "subject", "issuer", "subjectRegExp", "issuerRegExp"]

    /// Nil for an entry whose requirement is the same for every request, and for one with problems, which are then
    /// among the findings.
    init?(_ entry: ObjectReader, policyNamespace: String?) {
        var builder = Builder(findings: entry.findings, policyNamespace: policyNamespace)
        root = builder.part(entry.value, at: entry.path, key: nil, isInAnnotations: false)
        guard builder.isTemplated else { return nil }
        file = entry.findings.file
        policy = entry.findings.policy
        path = entry.path
        variables = builder.variables
        secrets = builder.secrets
    }

    // MARK: Use

    /// The entry's fields with something valid in the place of each variable and Secret: what shows, when a policy is
    /// loaded, whether the rest of it is well formed.
    func example() -> Document? {
        do throws(RuleFailure) {
            var writer = Writer()
            try write(root, key: nil, to: &writer) { (_, key) throws(RuleFailure) in
                switch key {
                case .some(let key) where Self.keyFields.contains(key): Self.exampleKey
                case "repository": "registry.example/repository"
                default: "example"
                }
            }
            return try? Document(writer.bytes)
        } catch {
            return nil
        }
    }

    /// Any valid key does (RFC 9500, "ECC Key Pairs": testECCP256, which is public).
    private static let exampleKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71v
        c75eSOkyMsxFxbFsTNEMTLjVuKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==
        -----END PUBLIC KEY-----
        """

    /// The requirement for one request.
    ///
    /// - Throws: ``RuleFailure`` when a variable is undefined, a Secret cannot be had, or what they hold is no key.
    func requirement(_ bindings: RuleBindings) throws(RuleFailure) -> Requirement? {
        var writer = Writer()
        try write(root, key: nil, to: &writer) { (part, _) throws(RuleFailure) in
            switch part {
            case .text(let template): return try template.text(in: bindings.scope)
            case .secret(let reference):
                guard let key = bindings.secrets[reference] else {
                    throw RuleFailure("\(reference.text) was not asked for")
                }
                return try key.get()
            case .list, .object, .value: return ""
            }
        }
        let findings = Findings(file: file, policy: policy, isBound: true)
        guard let document = try? Document(writer.bytes),
            let reader = ObjectReader(document.root, .entry, at: path, findings)
        else { throw RuleFailure("\(path) came to nothing that can be read") }
        let requirement = EntryDecoder(findings: findings).requirement(reader)
        if let problem = findings.problems.first { throw RuleFailure("\(problem.path): \(problem.reason)") }
        guard let requirement else { throw RuleFailure("\(path) names nobody who could have signed") }
        return requirement
    }

    private func write(
        _ part: Part, key: String?, to writer: inout Writer,
        _ text: (Part, String?) throws(RuleFailure) -> String
    ) throws(RuleFailure) {
        switch part {
        case .text, .secret: writer.string(try text(part, key))
        case .value(let value): writer.value(value)
        case .list(let parts):
            writer.beginArray()
            for part in parts { try write(part, key: key, to: &writer, text) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (key, member) in members {
                writer.key(key)
                try write(member, key: key, to: &writer, text)
            }
            writer.endObject()
        }
    }
}

extension RequirementTemplate {
    /// Finds the variables and Secrets of an entry.
    private struct Builder {
        let findings: Findings
        let policyNamespace: String?
        var isTemplated = false
        var variables: [Variable] = []
        var secrets: [SecretReference] = []

        mutating func part(_ value: Value, at path: FieldPath, key: String?, isInAnnotations: Bool) -> Part {
            switch value.kind {
            case .array:
                var parts: [Part] = []
                for (index, element) in value.elements.enumerated() {
                    parts.append(part(element, at: path.index(index), key: key, isInAnnotations: isInAnnotations))
                }
                return .list(parts)
            case .object: return object(value, at: path, key: key)
            case .string:
                return text(
                    value, at: path,
                    mayBeSecret: !isInAnnotations && (key.map(RequirementTemplate.keyFields.contains) ?? false),
                    mayBeTemplate: isInAnnotations || key.map(RequirementTemplate.otherFields.contains) ?? false)
            default: return .value(value)
            }
        }

        private mutating func object(_ value: Value, at path: FieldPath, key: String?) -> Part {
            var members: [(key: String, value: Part)] = []
            for (name, member) in value.members {
                // Conditions are evaluated when there is something to evaluate them over.
                if key == nil && !RequirementTemplate.fields.contains(name) { continue }
                if key == "keys" && name == "publicKeys" && member.equals("") { continue }
                if key == "attestations" && name == "conditions" { continue }
                if key == "keys" && name == "secret" && !member.isNull {
                    if let keys = value["publicKeys"], !keys.isNull, !keys.equals("") {
                        findings.problem(path.child(name), "stands beside publicKeys; say one of them")
                        isTemplated = true
                        continue
                    }
                    if let secret = secret(member, at: path.child(name)) { members.append(("publicKeys", secret)) }
                    continue
                }
                let part = part(member, at: path.child(name), key: name, isInAnnotations: key == "annotations")
                members.append((name, part))
            }
            return .object(members)
        }

        private mutating func text(
            _ value: Value, at path: FieldPath, mayBeSecret: Bool, mayBeTemplate: Bool
        ) -> Part {
            guard let text = value.string else { return .value(value) }
            if mayBeSecret && text.hasPrefix(SecretReference.scheme) { return reference(text, at: path) }
            guard mayBeSecret || mayBeTemplate, TextTemplate.isTemplate(text) else { return .value(value) }
            do throws(TemplateError) {
                let template = try TextTemplate(text)
                isTemplated = true
                variables += template.variables
                return .text(template)
            } catch {
                findings.problem(path, error.description)
                isTemplated = true
                return .value(value)
            }
        }

        /// `keys.secret {name, namespace}`.
        private mutating func secret(_ value: Value, at path: FieldPath) -> Part? {
            isTemplated = true
            guard let reader = ObjectReader(value, .secret, at: path, findings) else { return nil }
            let parts = ["namespace", "name"].map { name -> String in
                let text = reader[name]?.string ?? ""
                if text.isEmpty {
                    findings.problem(path.child(name), "is missing; a Secret has a namespace and a name")
                }
                return text
            }
            guard !parts.contains("") else { return nil }
            return reference(SecretReference.scheme + parts.joined(separator: "/"), at: path)
        }

        private mutating func reference(_ text: String, at path: FieldPath) -> Part {
            isTemplated = true
            do throws(TemplateError) {
                let reference = try SecretReference(parsing: text, policyNamespace: policyNamespace)
                secrets.append(reference)
                variables += reference.variables
                return .secret(reference)
            } catch {
                findings.problem(path, error.description)
                return .list([])
            }
        }
    }
}
