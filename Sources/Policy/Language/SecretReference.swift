/// A Secret that holds the public key of an attestor, under `cosign.pub`.
///
/// Source: spec/verify-images.md, "Attestors": `keys.secret {name, namespace}` and `k8s://namespace/name`.
struct SecretReference: Sendable, Hashable {
    /// As written: `k8s://namespace/name`, perhaps with variables.
    let text: String
    /// The namespace that a namespaced Policy may read; nil for a ClusterPolicy.
    let policyNamespace: String?
    private let template: TextTemplate

    static let scheme = "k8s://"
    /// Where cosign keeps the key.
    static let dataKey = "cosign.pub"
    /// Several PEM keys fit in less.
    private static let maximumKeyBytes = 64 << 10

    static func == (a: SecretReference, b: SecretReference) -> Bool {
        a.text == b.text && a.policyNamespace == b.policyNamespace
    }

    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// - Throws: ``TemplateError`` also when a constant text names no Secret, or one of another namespace.
    init(parsing text: String, policyNamespace: String?) throws(TemplateError) {
        self.text = text
        self.policyNamespace = policyNamespace
        template = try TextTemplate(text)
        guard let constant = template.constant else { return }
        do throws(RuleFailure) {
            _ = try Self.parts(of: constant, policyNamespace)
        } catch {
            throw TemplateError(error.description)
        }
    }

    var variables: [Variable] { template.variables }

    /// The text under ``dataKey``, which has still to turn out to be a key.
    func key(in scope: Scope, from cluster: any ClusterFacts) async -> Result<String, RuleFailure> {
        do throws(RuleFailure) {
            let (namespace, name) = try Self.parts(of: try template.text(in: scope), policyNamespace)
            let data = try await Self.secret(name, namespace, from: cluster)
            guard let bytes = data[Self.dataKey] else {
                throw RuleFailure("Secret \(namespace)/\(name) has no \(Self.dataKey)")
            }
            guard bytes.count <= Self.maximumKeyBytes, let text = String(validating: bytes, as: UTF8.self) else {
                throw RuleFailure("\(Self.dataKey) of Secret \(namespace)/\(name) is no public key")
            }
            return .success(text)
        } catch {
            return .failure(error)
        }
    }

    private static func secret(
        _ name: String, _ namespace: String, from cluster: any ClusterFacts
    ) async throws(RuleFailure) -> [String: [UInt8]] {
        do throws(FactFailure) {
            return try await cluster.secret(name, namespace: namespace)
        } catch {
            throw RuleFailure(error)
        }
    }

    private static func parts(
        of text: String, _ policyNamespace: String?
    ) throws(RuleFailure) -> (namespace: String, name: String) {
        guard text.hasPrefix(scheme) else { throw RuleFailure("\"\(text)\" is not of the form k8s://namespace/name") }
        let parts = text.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 2 else { throw RuleFailure("\"\(text)\" is not of the form k8s://namespace/name") }
        try CallPath.checkName(parts[0])
        try CallPath.checkName(parts[1])
        if let policyNamespace, parts[0] != policyNamespace {
            throw RuleFailure("a Policy reads Secrets of its own namespace only, and not of \(parts[0])")
        }
        return (parts[0], parts[1])
    }
}
