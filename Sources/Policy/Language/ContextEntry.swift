import JMESPath

/// One entry of a rule's `context`: a name, and where its value comes from.
///
/// Source: spec/verify-images.md, "Conditions and variables".
public struct ContextEntry: Sendable {
    enum Source: Sendable {
        case configMap(name: TextTemplate, namespace: TextTemplate)
        case variable(value: ValueTemplate?, query: Variable?, fallback: ValueTemplate?)
        case image(reference: TextTemplate, query: Variable?)
        case object(path: TextTemplate, query: Variable?)
    }

    let name: String
    let source: Source
    /// The namespace that a namespaced Policy may read; nil for a ClusterPolicy.
    let policyNamespace: String?

    /// Names that are taken.
    static let reservedNames: Set<String> = [
        "request", "images", "image", "serviceAccountName", "serviceAccountNamespace", "element", "elementIndex",
        "target",
    ]

    /// Whether the cluster or a registry has to be asked.
    var isExternal: Bool {
        if case .variable = source { return false }
        return true
    }

    var variables: [Variable] {
        switch source {
        case .configMap(let name, let namespace): name.variables + namespace.variables
        case .variable(let value, let query, let fallback):
            (value?.variables ?? []) + (fallback?.variables ?? []) + (query.map { [$0] } ?? [])
        case .image(let reference, let query): reference.variables + (query.map { [$0] } ?? [])
        case .object(let path, let query): path.variables + (query.map { [$0] } ?? [])
        }
    }

    /// Those of ``variables`` that are evaluated over the scope, and not over what was found.
    var scopedVariables: [Variable] {
        switch source {
        case .configMap, .variable(nil, _, _): variables
        case .variable(let value, _, let fallback): (value?.variables ?? []) + (fallback?.variables ?? [])
        case .image(let reference, _): reference.variables
        case .object(let path, _): path.variables
        }
    }

    /// Whether operators of the cluster wrote the value: a ConfigMap, or a constant of the policy.
    func isPolicyText(in scope: Scope) -> Bool {
        switch source {
        // One that whoever sends the request may choose could be written by them as well.
        case .configMap(let name, let namespace):
            (name.variables + namespace.variables).allSatisfy(scope.isPolicyText)
        case .variable(let value, let query, let fallback):
            // A query over a value reads that; one without reads the scope.
            ((value?.variables ?? []) + (fallback?.variables ?? [])).allSatisfy(scope.isPolicyText)
                && (value != nil || query.map(scope.isPolicyText) ?? true)
        case .image, .object: false
        }
    }
}

// MARK: - Variables

extension ContextEntry {
    /// The value of a `variable`, from what stands before it.
    static func value(
        _ value: ValueTemplate?, _ query: Variable?, _ fallback: ValueTemplate?, named name: String, in scope: Scope
    ) throws(RuleFailure) -> Node {
        let found = try found(value, query, hasFallback: fallback != nil, in: scope)
        if let found, !found.isNull { return found }
        if let fallback { return try fallback.node(in: scope) }
        throw RuleFailure("context entry \(name) has no value, and no default")
    }

    private static func found(
        _ value: ValueTemplate?, _ query: Variable?, hasFallback: Bool, in scope: Scope
    ) throws(RuleFailure) -> Node? {
        guard let value else { return try query?.resolve(in: scope) }
        let node = try value.node(in: scope)
        guard let query else { return node }
        return try query.resolve(over: node, in: scope)
    }
}

// MARK: - What is asked

extension ContextEntry {
    /// What has to be asked for an entry's value.
    enum Question: Sendable, Hashable {
        case configMap(String, namespace: String)
        case object(path: String)
        case image(String)
    }

    /// The question of an entry that ``isExternal``.
    ///
    /// - Throws: ``RuleFailure`` also when a namespaced Policy would read another namespace.
    func question(in scope: Scope) throws(RuleFailure) -> Question? {
        switch source {
        case .variable: return nil
        case .configMap(let name, let namespace):
            let question = (name: try name.text(in: scope), namespace: try namespace.text(in: scope))
            try CallPath.checkName(question.name)
            try CallPath.checkName(question.namespace)
            if let policyNamespace, question.namespace != policyNamespace {
                throw RuleFailure(
                    "context entry \(self.name): a Policy reads ConfigMaps of its own namespace only, and not of "
                        + question.namespace)
            }
            return .configMap(question.name, namespace: question.namespace)
        case .image(let reference, _): return .image(try reference.text(in: scope))
        case .object(let path, _): return .object(path: try CallPath.text(of: path, policyNamespace, in: scope))
        }
    }

    /// The entry's value, of what was answered.
    func value(of answer: Node, in scope: Scope) throws(RuleFailure) -> Node {
        switch source {
        case .variable, .configMap: return answer
        case .image(_, let query), .object(_, let query):
            guard let query else { return answer }
            guard let node = try query.resolve(over: answer, in: scope) else {
                throw RuleFailure("context entry \(name): {{ \(query.text) }} is undefined in what was found")
            }
            return node
        }
    }
}
