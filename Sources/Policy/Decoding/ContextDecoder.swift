import JSON

/// Reads the `context` of a rule.
///
/// Source: spec/verify-images.md, "Conditions and variables".
struct ContextDecoder {
    let findings: Findings
    /// The namespace of a namespaced Policy; nil for a ClusterPolicy.
    let policyNamespace: String?

    /// Each entry may be a question to the cluster or a registry, for every request.
    static let maximumEntries = 100

    func entries(_ rule: ObjectReader) -> [ContextEntry] {
        let written = rule.array("context")
        guard written.count <= Self.maximumEntries else {
            findings.problem(rule.path.child("context"), "holds more than \(Self.maximumEntries) entries")
            return []
        }
        var names: Set<String> = []
        return written.compactMap { value, path in
            guard let reader = ObjectReader(value, .contextEntry, at: path, findings) else { return nil }
            let name = name(reader, &names)
            let kinds = ["configMap", "variable", "imageRegistry", "apiCall"].filter { reader[$0] != nil }
            guard kinds.count == 1, let name else {
                if kinds.count != 1 {
                    findings.problem(path, "an entry is one of configMap, variable, imageRegistry and apiCall")
                }
                return nil
            }
            return source(reader).map { ContextEntry(name: name, source: $0, policyNamespace: policyNamespace) }
        }
    }

    private func name(_ reader: ObjectReader, _ names: inout Set<String>) -> String? {
        guard let name = reader.string("name") else {
            findings.problem(reader.path.child("name"), "is missing")
            return nil
        }
        let path = reader.path.child("name")
        if ContextEntry.reservedNames.contains(name) {
            findings.problem(path, "\"\(name)\" has a meaning of its own; choose another name")
            return nil
        }
        if name.contains(".") || !names.insert(name).inserted {
            findings.problem(path, "\"\(name)\" is the name of an earlier entry, or holds a dot; choose another name")
            return nil
        }
        return name
    }

    private func source(_ reader: ObjectReader) -> ContextEntry.Source? {
        if let map = reader.object("configMap", .contextConfigMap) { return configMap(map) }
        if let variable = reader.object("variable", .contextVariable) { return self.variable(variable) }
        if let image = reader.object("imageRegistry", .contextImage) {
            guard let reference = image.template("reference") else {
                findings.problem(image.path.child("reference"), "is missing, or no template")
                return nil
            }
            return .image(reference: reference, query: image.query("jmesPath"))
        }
        return reader.object("apiCall", .contextAPICall).flatMap(apiCall)
    }

    private func configMap(_ reader: ObjectReader) -> ContextEntry.Source? {
        guard let name = reader.template("name") else {
            findings.problem(reader.path.child("name"), "is missing, or no template")
            return nil
        }
        let path = reader.path.child("namespace")
        guard let policyNamespace else {
            let namespace =
                reader.template("namespace") ?? ConditionDecoder(findings: findings).text("default", at: path)
            return namespace.map { .configMap(name: name, namespace: $0) }
        }
        guard let namespace = reader.template("namespace") else {
            findings.problem(path, "is missing; a Policy reads ConfigMaps of its own namespace, \(policyNamespace)")
            return nil
        }
        if let constant = namespace.constant, constant != policyNamespace {
            findings.problem(
                path, "a Policy reads ConfigMaps of its own namespace only; write a ClusterPolicy to read \(constant)")
            return nil
        }
        return .configMap(name: name, namespace: namespace)
    }

    private func variable(_ reader: ObjectReader) -> ContextEntry.Source? {
        let decoder = ConditionDecoder(findings: findings)
        let value = reader["value"].flatMap { decoder.template($0, at: reader.path.child("value")) }
        let fallback = reader["default"].flatMap { decoder.template($0, at: reader.path.child("default")) }
        let query = reader.query("jmesPath")
        guard value != nil || query != nil || fallback != nil else {
            findings.problem(reader.path, "says no value; give value, jmesPath or default")
            return nil
        }
        return .variable(value: value, query: query, fallback: fallback)
    }

    private func apiCall(_ reader: ObjectReader) -> ContextEntry.Source? {
        if let method = reader.string("method"), method != "GET" {
            findings.problem(reader.path.child("method"), "\(method) is not supported; a policy only reads, with GET")
        }
        guard let path = reader.template("urlPath") else {
            findings.problem(reader.path.child("urlPath"), "is missing, or no template")
            return nil
        }
        if let constant = path.constant, let problem = CallPath.problem(constant, policyNamespace) {
            findings.problem(reader.path.child("urlPath"), problem)
            return nil
        }
        return .object(path: path, query: reader.query("jmesPath"))
    }
}
