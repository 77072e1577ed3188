import JMESPath

/// What variables see: the request, its images, who sent it, the rule's context, and a statement's predicate where
/// there is one.
///
/// Source: spec/verify-images.md, "Conditions and variables".
public struct Scope: Sendable {
    /// An object whose members are the names that queries begin with.
    private var root: ObjectNode
    /// Names whose value could not be had: whatever reads one fails.
    private var failures: [String: RuleFailure] = [:]
    /// Names whose value operators of the cluster wrote (ConfigMaps, constants of the policy): their texts may hold
    /// wildcards.
    private var policyNames: Set<String> = []
    private let environment: Environment

    /// - Parameter environment: the clock that time functions read.
    init(environment: Environment = .system) {
        root = ObjectNode()
        self.environment = environment
    }

    /// Adds or replaces a name.
    ///
    /// - Parameter isPolicyText: whether operators of the cluster wrote the value, and not whoever sent the request.
    mutating func set(_ name: String, to value: Result<Node, RuleFailure>, isPolicyText: Bool = false) {
        switch value {
        case .success(let node):
            root.set(name, to: node)
            failures[name] = nil
        case .failure(let failure): failures[name] = failure
        }
        if isPolicyText { policyNames.insert(name) } else { policyNames.remove(name) }
    }

    /// The scope of conditions over a predicate: its members stand at the root, and hide nothing that is there.
    ///
    /// - Throws: ``RuleFailure`` when the predicate is no object.
    func with(predicate: Node) throws(RuleFailure) -> Scope {
        guard let members = predicate.members else {
            throw RuleFailure("the statement's predicate is no object, so that no condition can look into it")
        }
        var scope = self
        for member in members where root[member.key] == nil && failures[member.key] == nil {
            scope.root.set(member.key, to: member.value)
        }
        return scope
    }

    /// The scope with one more value that may be looked into, such as a named statement's predicate.
    func with(_ name: String, _ node: Node) -> Scope {
        var scope = self
        scope.set(name, to: .success(node))
        return scope
    }

    /// Whether everything that the variable's value is taken from was written by operators of the cluster.
    func isPolicyText(_ variable: Variable) -> Bool {
        guard let names = variable.valueNames, !names.isEmpty else { return false }
        return names.isSubset(of: policyNames)
    }

    /// What a variable's query yields; nil where it is undefined.
    func resolve(_ query: Query, as variable: Variable) throws(RuleFailure) -> Node? {
        for (name, failure) in failures where variable.rootNames?.contains(name) ?? true { throw failure }
        return try evaluate(query, on: .object(root), as: variable.text)
    }

    /// What a query yields for another value than the scope's.
    func evaluate(_ query: Query, on node: Node, as text: String) throws(RuleFailure) -> Node? {
        do throws(EvaluationError) {
            return try query.resolve(node, environment: environment)
        } catch {
            throw RuleFailure("{{ \(text) }}: \(error)")
        }
    }
}
