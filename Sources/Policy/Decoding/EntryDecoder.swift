import JSON
import Verification

/// Reads one entry of `verifyImages`, in the legacy and the modern spelling.
///
/// Source: spec/verify-images.md, "The two spellings".
struct EntryDecoder {
    let findings: Findings
    /// The namespace of a namespaced Policy; nil for a ClusterPolicy.
    var policyNamespace: String?

    private enum SignatureType: String, CaseIterable {
        case cosign = "Cosign"
        case sigstoreBundle = "SigstoreBundle"
        case notary = "Notary"
    }

    /// More patterns than anybody writes by hand; each is compared with every image of every pod.
    static let maximumPatterns = 1_000

    /// Nil, and problems, for an entry that cannot be honoured in full.
    func entry(_ value: Value, at path: FieldPath) -> ImageEntry? {
        let before = findings.problems.count
        guard let reader = ObjectReader(value, .entry, at: path, findings) else { return nil }
        let imageReferences = imageReferences(reader)
        let skipImageReferences = patterns(reader, "skipImageReferences")
        let requirement = requirementSource(reader)
        let required = reader.boolean("required") ?? true
        let statements = StatementRulesDecoder(findings: findings).rules(reader)
        let registrySecrets = registrySecrets(reader)
        let entry = ImageEntry(
            imageReferences: imageReferences, skipImageReferences: skipImageReferences, requirement: requirement,
            mutateDigest: reader.boolean("mutateDigest") ?? true, verifyDigest: reader.boolean("verifyDigest") ?? true,
            required: required, failureAction: reader.failureAction("failureAction"), statements: statements,
            registrySecrets: registrySecrets)
        guard findings.problems.count == before else { return nil }

        if statements != nil && requirement.isEmpty {
            findings.problem(
                path.child("validate").child("deny"),
                "is asked of images that were verified; give attestors or attestations")
            return nil
        }
        guard !requirement.isEmpty || !required else {
            findings.problem(
                path.child("attestors"),
                "nobody is named who could have signed, so that no image could pass; give attestors, or "
                    + "required: false for an entry that only pins digests")
            return nil
        }
        return entry
    }

    func imageReferences(_ reader: ObjectReader) -> [ImageGlob] {
        let legacy = patterns(reader, "image")
        let modern = patterns(reader, "imageReferences")
        if !legacy.isEmpty && !modern.isEmpty {
            findings.problem(
                reader.path.child("image"), "stands beside imageReferences; say it in imageReferences alone")
        }
        if reader.string("image") == nil && reader.array("imageReferences").isEmpty {
            findings.problem(reader.path.child("imageReferences"), "says no images; use \"*\" for all of them")
        }
        return legacy + modern
    }

    func patterns(_ reader: ObjectReader, _ name: String) -> [ImageGlob] {
        let path = reader.path.child(name)
        var texts: [(text: String, path: FieldPath)] = []
        if name == "image" {
            if let text = reader.string(name) { texts = [(text, path)] }
        } else {
            texts = reader.strings(name).enumerated().map { ($1, path.index($0)) }
        }
        guard texts.count <= Self.maximumPatterns else {
            findings.problem(path, "holds more than \(Self.maximumPatterns) patterns; use wildcards")
            return []
        }
        return texts.compactMap { text, path in
            if let reason = ImageGlob.reasonItCannotMatch(text) {
                findings.problem(path, reason)
                return nil
            }
            let glob = ImageGlob(text)
            if glob.impliesLatest {
                findings.note(path, "names no tag and so means \(text):latest alone; write \(text):* for every tag")
            }
            return glob
        }
    }

    /// Where it is said what the images must satisfy.
    private func requirementSource(_ reader: ObjectReader) -> RequirementSource {
        let before = findings.problems.count
        guard let template = RequirementTemplate(reader, policyNamespace: policyNamespace) else {
            return RequirementSource(requirement(reader))
        }
        // What does not hang on variables is looked at now.
        if findings.problems.count == before {
            if let example = template.example(),
                let reader = ObjectReader(example.root, .entry, at: reader.path, findings)
            {
                if requirement(reader) == nil && findings.problems.count == before { return .none }
            } else {
                findings.problem(reader.path, "cannot be read with something in the place of its variables")
            }
        }
        return .templated(template)
    }

    /// What the images must satisfy, or nil when nobody is named.
    func requirement(_ reader: ObjectReader) -> Requirement? {
        let type = reader.word("type", SignatureType.self) ?? .cosign
        if type == .notary {
            findings.problem(
                reader.path.child("type"), "Notary signatures are not supported; sign with cosign, and leave type out")
        }

        let decoder = AttestorDecoder(findings: findings)
        let defaults = AttestorDecoder.Defaults(
            annotations: reader.map("annotations"), repository: decoder.repository(reader))
        var sets = decoder.sets(reader, defaults)
        if let key = reader.string("key") {
            if !reader.array("attestors").isEmpty {
                findings.problem(reader.path.child("key"), "stands beside attestors; say it in attestors alone")
            }
            let before = findings.problems.count
            let entries = decoder.keys(key, at: reader.path.child("key"), defaults)
            if findings.problems.count == before {
                do throws(RequirementError) {
                    sets.append(try AttestorSet(entries: entries))
                } catch {
                    findings.problem(reader.path.child("key"), error.description)
                }
            }
        }
        let attestations = AttestationDecoder(findings: findings).attestations(reader, defaults)
        guard !sets.isEmpty || !attestations.isEmpty else { return nil }
        do throws(RequirementError) {
            return try Requirement(
                attestorSets: sets, attestations: attestations, forms: type == .sigstoreBundle ? .bundlesOnly : .any)
        } catch {
            findings.problem(reader.path.child("attestors"), error.description)
            return nil
        }
    }

    /// The pull secrets that a rule names. How the registry is reached is otherwise the server's business.
    private func registrySecrets(_ reader: ObjectReader) -> [String] {
        if reader.boolean("useCache") == false {
            findings.problem(
                reader.path.child("useCache"),
                "verdicts are remembered for all rules or none; leave it out, or run with --cache-ttl 0")
        }
        guard let credentials = reader.object("imageRegistryCredentials", .registryCredentials) else { return [] }
        if credentials.boolean("allowInsecureRegistry") == true {
            findings.problem(
                credentials.path.child("allowInsecureRegistry"),
                "a policy cannot turn TLS off; name the host with --insecure-registry")
        }
        for (index, provider) in credentials.strings("providers").enumerated() where provider != "default" {
            findings.problem(
                credentials.path.child("providers").index(index),
                "credentials of cloud providers are not supported yet; give the credentials with --registry-config")
        }
        return secretNames(credentials)
    }

    /// Source: spec/registry.md, "Credentials".
    private func secretNames(_ credentials: ObjectReader) -> [String] {
        let names = credentials.strings("secrets")
        let path = credentials.path.child("secrets")
        // Whoever may write a Policy in a namespace of theirs must not use what only the server may read.
        if policyNamespace != nil, !names.isEmpty {
            findings.problem(
                path,
                "the Secrets are those of the server's namespace, which a Policy may not use; write a ClusterPolicy, "
                    + "or name pull secrets in the Pods")
        }
        if names.count > PullSecretNames.maximumSecrets {
            findings.problem(path, "names more than \(PullSecretNames.maximumSecrets) Secrets")
        }
        for (index, name) in names.enumerated() {
            do throws(RuleFailure) {
                try CallPath.checkName(name)
            } catch {
                findings.problem(path.index(index), error.description)
            }
        }
        return names
    }
}

extension ObjectReader {
    /// `Audit` or `Enforce`, in the spellings in use.
    func failureAction(_ name: String) -> FailureAction? {
        guard let text = string(name) else { return nil }
        guard let action = FailureAction(parsing: text) else {
            findings.problem(path.child(name), "\"\(text)\" is neither Audit nor Enforce")
            return nil
        }
        return action
    }
}

extension ImageGlob {
    /// Why no image could ever match `pattern`, or nil: a rule that quietly matches nothing protects nothing.
    static func reasonItCannotMatch(_ pattern: String) -> String? {
        if pattern.unicodeScalars.contains(where: \.properties.isWhitespace) {
            return "\"\(pattern)\" holds white space, which no image reference does"
        }
        if pattern.contains("://") {
            return "\"\(pattern)\" holds ://, which no image reference does; leave the scheme out"
        }
        return nil
    }
}
