import JSON

/// What a document is, by its `apiVersion` and `kind`.
struct DocumentType {
    enum Meaning {
        /// Of objects, which lack their own apiVersion and kind where `items` gives them.
        case list(items: (apiVersion: String, kind: String)?)
        case policy(PolicyDecoder.Kind)
        case exception
        case other
    }

    /// As written.
    let apiVersion: String
    /// As written.
    let kind: String
    let version: String
    let meaning: Meaning

    /// Nil for what is no Kubernetes object.
    init?(_ document: Value, defaults: (apiVersion: String, kind: String)? = nil) {
        guard let kind = document["kind"]?.string ?? defaults?.kind,
            let apiVersion = document["apiVersion"]?.string ?? defaults?.apiVersion
        else { return nil }
        self.kind = kind
        self.apiVersion = apiVersion
        let group = apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
        version = String(apiVersion.dropFirst(group.isEmpty ? 0 : group.count + 1))
        meaning = Self.meaning(of: kind, group: group, apiVersion: apiVersion)
    }

    private static func meaning(of kind: String, group: String, apiVersion: String) -> Meaning {
        if kind == "List" && group.isEmpty { return .list(items: nil) }
        guard group == "kyverno.io" else { return .other }
        if kind.hasSuffix("List") { return .list(items: (apiVersion, String(kind.dropLast(4)))) }
        // Kubernetes' kinds differ by case, but a policy must not be skipped for a small letter.
        switch kind.lowercased() {
        case "clusterpolicy": return .policy(.clusterPolicy)
        case "policy": return .policy(.policy)
        case "policyexception": return .exception
        default: return .other
        }
    }
}
