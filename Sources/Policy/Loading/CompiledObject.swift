import JSON

/// One policy or exception, compiled by itself: what it means does not hang on any other.
public struct CompiledObject: Sendable {
    /// The policy; nil when it has problems, or nothing to say about requests and images.
    let policy: ImagePolicy?
    /// What stands in for a policy with problems; nil where there is nothing to refuse.
    let refusal: ImagePolicy?
    /// The exception; nil when it has problems.
    let exception: PolicyException?
    /// Whether it is a PolicyException, good or bad.
    public let isException: Bool
    /// Why it cannot be honoured in full. All of them, not the first alone.
    public let problems: [PolicyProblem]
    /// What was passed over, and what is allowed but probably not meant.
    public let notes: [PolicyNote]

    /// Compiles an object as the API server has it.
    ///
    /// - Parameter defaults: What it is where it does not say, as the items of a list do not.
    /// - Returns: nil for what is neither policy nor exception.
    public init?(_ object: Value, defaults: (apiVersion: String, kind: String)? = nil) {
        guard let type = DocumentType(object, defaults: defaults) else { return nil }
        switch type.meaning {
        case .policy(let kind): self.init(object, kind, type)
        case .exception: self.init(exception: ExceptionDecoder(document: object, file: ""), type)
        case .list, .other: return nil
        }
    }

    /// - Parameter objection: What is wrong with the policy besides what it says.
    init(_ object: Value, _ kind: PolicyDecoder.Kind, _ type: DocumentType, objection: String? = nil) {
        let decoder = PolicyDecoder(kind: kind, document: object, file: "")
        let findings = decoder.findings
        if let objection { findings.problem(.root, objection) }
        let policy = objection == nil ? decoder.policy(type) : nil
        exception = nil
        isException = false
        (problems, notes) = (findings.problems, findings.notes)
        self.policy = problems.isEmpty ? policy : nil
        refusal =
            problems.isEmpty
            ? nil : RefusalDecoder(kind: kind, document: object, problems: findings.problems).policy()
    }

    private init(exception decoder: ExceptionDecoder, _ type: DocumentType) {
        exception = decoder.exception(type)
        isException = true
        (policy, refusal) = (nil, nil)
        (problems, notes) = (decoder.findings.problems, decoder.findings.notes)
    }

    /// What is left of an object that does not count at all.
    init(problem: String, of id: PolicyID) {
        (policy, refusal, exception, notes) = (nil, nil, nil, [])
        isException = id.kind == .exception
        problems = [PolicyProblem(policy: id.description, reason: problem)]
    }
}

extension PolicyDecoder {
    /// The versions of `kyverno.io` in which a ClusterPolicy means what it means here.
    private static let versions = ["v1", "v2beta1"]

    /// ``policy()``, after a look at how its kind and version are written.
    func policy(_ type: DocumentType) -> ImagePolicy? {
        if type.kind != kind.rawValue {
            findings.problem(
                FieldPath.root.child("kind"), "\"\(type.kind)\" is no kind; \"\(kind.rawValue)\" is meant")
        }
        if !Self.versions.contains(type.version) {
            findings.problem(
                FieldPath.root.child("apiVersion"),
                "version \(type.version) is not known; write kyverno.io/"
                    + Self.versions.joined(separator: " or kyverno.io/"))
        }
        return policy()
    }
}

extension ExceptionDecoder {
    /// ``exception(version:)``, after a look at how its kind is written.
    func exception(_ type: DocumentType) -> PolicyException? {
        if type.kind != "PolicyException" {
            findings.problem(
                FieldPath.root.child("kind"), "\"\(type.kind)\" is no kind; \"PolicyException\" is meant")
        }
        return exception(version: type.version)
    }
}
