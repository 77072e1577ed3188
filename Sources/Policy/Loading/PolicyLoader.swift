import JSON
import YAML

/// What came of loading policies.
public struct LoadResult: Sendable {
    /// The policies; nil when there is any problem, because leaving one out would admit what it denies.
    public let snapshot: PolicySnapshot?
    /// What was passed over, and what is allowed but probably not meant. A line each.
    public let notes: [String]
    /// Why the policies cannot be honoured in full. All of them, not the first alone.
    public let problems: [PolicyProblem]
    /// Which file each policy and each exception of the snapshot came from.
    public let origins: [PolicyID: String]
}

/// Turns files and documents into a ``PolicySnapshot``.
public struct PolicyLoader {
    /// More policies than any cluster has; the snapshot's memory is bounded by it.
    public static let maximumPolicies = 10_000

    /// Every rule is compared with every exception when they are loaded: a thousand of each takes a second.
    public static let maximumExceptions = 1_000

    private let honoursExceptions: Bool
    private var policies: [ImagePolicy] = []
    private var exceptions: [PolicyException] = []
    private var notes: [String] = []
    private var problems: [PolicyProblem] = []
    /// Where each policy was first seen, by kind, namespace and name.
    private var places: [String: String] = [:]
    private var origins: [PolicyID: String] = [:]

    /// Reads the policies in files and folders (see ``PolicyFiles``).
    public static func load(paths: [String], honoursExceptions: Bool = false) -> LoadResult {
        load(PolicyFiles(reading: paths), honoursExceptions: honoursExceptions)
    }

    /// Reads the policies in files, several documents a file.
    ///
    /// - Parameter honoursExceptions: Whether PolicyException objects count. Whoever may write one may switch rules
    ///   off, so that it has to be asked for.
    public static func load(_ files: PolicyFiles, honoursExceptions: Bool = false) -> LoadResult {
        var loader = PolicyLoader(honoursExceptions: honoursExceptions)
        loader.problems = files.problems
        for file in files.files {
            do throws(YAMLError) {
                let documents = try YAML.documents(file.bytes)
                for (index, document) in documents.enumerated() {
                    loader.add(document.root, from: file.path, document: documents.count > 1 ? index + 1 : nil)
                }
            } catch {
                loader.problems.append(PolicyProblem(file: file.path, reason: error.description))
            }
        }
        return loader.result()
    }

    /// Compiles documents that are parsed already; `source` says in messages where one comes from.
    public static func load(
        documents: [(source: String, document: Document)], honoursExceptions: Bool = false
    ) -> LoadResult {
        var loader = PolicyLoader(honoursExceptions: honoursExceptions)
        for (source, document) in documents { loader.add(document.root, from: source, document: nil) }
        return loader.result()
    }

    private init(honoursExceptions: Bool) { self.honoursExceptions = honoursExceptions }

    private func result() -> LoadResult {
        LoadResult(
            snapshot: problems.isEmpty ? PolicySnapshot(policies, exceptions: exceptions) : nil,
            notes: notes + notesAboutExceptions, problems: problems, origins: origins)
    }

    /// An exception that names no rule there is, is a mistake or has outlived its policy.
    private var notesAboutExceptions: [String] {
        exceptions.flatMap { exception in
            exception.rules.compactMap { excepted in
                let policy = policies.first { $0.qualifiedName == excepted.policyName }
                let isKnown = policy?.rules.contains { rule in excepted.ruleNames.contains { $0.matches(rule.name) } }
                guard isKnown != true else { return nil }
                return "PolicyException \(exception.qualifiedName): names no rule of a policy \(excepted.policyName)"
            }
        }
    }

    private mutating func add(
        _ value: Value, from file: String, document: Int?, defaults: (apiVersion: String, kind: String)? = nil
    ) {
        let what = document.map { "document \($0) " } ?? ""
        guard let type = DocumentType(value, defaults: defaults) else {
            let reason = what + "is no Kubernetes object; apiVersion and kind are needed"
            problems.append(PolicyProblem(file: file, reason: reason))
            return
        }
        switch type.meaning {
        case .list(let items):
            for element in value["items"].map({ Array($0.elements) }) ?? [] {
                add(element, from: file, document: document, defaults: items)
            }
        case .exception:
            addException(
                ExceptionDecoder(document: value, file: file), type, PolicyCollection.id(of: value, .exception))
        case .policy(let kind): add(PolicyDecoder(kind: kind, document: value, file: file), type)
        case .other:
            let name = value["metadata"]?["name"]?.string.map { " " + $0 } ?? ""
            notes.append(
                "\(file): \(what)\(type.kind)\(name) (\(type.apiVersion)) is no ClusterPolicy or Policy and is skipped")
        }
    }

    private mutating func addException(_ decoder: ExceptionDecoder, _ type: DocumentType, _ id: PolicyID?) {
        let findings = decoder.findings
        guard honoursExceptions else {
            findings.note(.root, "is ignored; exceptions count with --exceptions only")
            return keep(findings)
        }
        if let place = places.updateValue(findings.file, forKey: findings.policy) {
            findings.problem(.root, "is given twice; it also stands in \(place)")
        }
        if exceptions.count >= Self.maximumExceptions {
            findings.problem(.root, "is one more than the \(Self.maximumExceptions) exceptions that fit")
        } else if let exception = decoder.exception(type) {
            exceptions.append(exception)
            if let id { origins[id] = findings.file }
        }
        keep(findings)
    }

    private mutating func add(_ decoder: PolicyDecoder, _ type: DocumentType) {
        let findings = decoder.findings
        if let place = places.updateValue(findings.file, forKey: findings.policy) {
            findings.problem(.root, "is given twice; it also stands in \(place)")
        }
        if policies.count >= Self.maximumPolicies {
            findings.problem(.root, "is one more than the \(Self.maximumPolicies) policies that fit")
        } else if let policy = decoder.policy(type), findings.problems.isEmpty {
            policies.append(policy)
            origins[PolicyID(policy)] = findings.file
        }
        keep(findings)
    }

    private mutating func keep(_ findings: Findings) {
        notes += findings.notes.map(\.description)
        problems += findings.problems
    }
}
