import JMESPath
import JSON

/// What a rule's variables are made of, and the conditions under which the rule applies at all.
public struct RuleContext: Sendable {
    /// In the order in which they are evaluated: each sees those before it.
    let entries: [ContextEntry]
    /// Nil means always.
    let preconditions: Conditions?
    /// The Secrets that attestors keep their keys in.
    let secrets: [SecretReference]
    /// The entries that something of the rule reads, directly or by way of another entry. The others are never asked
    /// for, as in Kyverno: one that could not be had makes no difference.
    private let usedNames: Set<String>

    /// - Parameter variables: those of everything in the rule but its context.
    init(
        entries: [ContextEntry], preconditions: Conditions?, secrets: [SecretReference], variables: [Variable]
    ) {
        self.entries = entries
        self.preconditions = preconditions
        self.secrets = secrets
        var reading = variables + (preconditions?.variables ?? []) + secrets.flatMap(\.variables)
        var used: Set<String> = []
        // An entry sees only those before it, so one pass from the last to the first finds all.
        for entry in entries.reversed() where reading.contains(where: { $0.rootNames?.contains(entry.name) ?? true }) {
            used.insert(entry.name)
            reading += entry.variables
        }
        usedNames = used
    }

    var usedEntries: [ContextEntry] { entries.filter { usedNames.contains($0.name) } }

    /// Whether the cluster or a registry has to be asked before the rule can be decided.
    public var isExternal: Bool { !secrets.isEmpty || usedEntries.contains(where: \.isExternal) }
}

/// The scope of a rule's variables for one request, and the keys that Secrets hold: data, gathered before the plan.
public struct RuleBindings: Sendable {
    public let scope: Scope
    let secrets: [SecretReference: Result<String, RuleFailure>]
}

extension RuleBindings {
    /// The bindings of a rule whose context asks nobody; entries that would are errors.
    public init(_ context: RuleContext, for input: ScopeInput) {
        var scope = Scope(input)
        for entry in context.usedEntries {
            entry.bind(in: &scope) { _ in .failure(RuleFailure("context entry \(entry.name) was not asked for")) }
        }
        self.init(scope: scope, secrets: [:])
    }

    /// Asks for everything that the rule needs. What cannot be had is an error of whatever reads it.
    public static func gather(
        _ context: RuleContext, for input: ScopeInput, from cluster: any ClusterFacts,
        images: any ImageMetadataSource, deadline: ContinuousClock.Instant
    ) async -> RuleBindings {
        var scope = Scope(input)
        for entry in context.usedEntries {
            var answer: Result<Node, RuleFailure>?
            if case .success(let question?) = entry.asked(in: scope) {
                answer = await question.answer(from: cluster, images: images, deadline: deadline)
            }
            entry.bind(in: &scope) { _ in answer ?? .failure(RuleFailure("\(entry.name) was not asked for")) }
        }
        // At once: they share one deadline.
        let complete = scope
        let secrets = await withTaskGroup(of: (SecretReference, Result<String, RuleFailure>).self) { tasks in
            for secret in Set(context.secrets) {
                tasks.addTask { (secret, await secret.key(in: complete, from: cluster)) }
            }
            return await tasks.reduce(into: [SecretReference: Result<String, RuleFailure>]()) { $0[$1.0] = $1.1 }
        }
        return RuleBindings(scope: complete, secrets: secrets)
    }
}

extension ContextEntry {
    /// ``question(in:)`` as a value.
    fileprivate func asked(in scope: Scope) -> Result<Question?, RuleFailure> {
        Result { () throws(RuleFailure) in try question(in: scope) }
    }

    /// Puts the entry's value into the scope, or why it has none.
    fileprivate func bind(in scope: inout Scope, answer: (Question) -> Result<Node, RuleFailure>) {
        let before = scope
        let value = Result { () throws(RuleFailure) -> Node in
            if case .variable(let value, let query, let fallback) = source {
                return try Self.value(value, query, fallback, named: name, in: before)
            }
            guard let question = try question(in: before) else { return .null }
            return try self.value(of: try answer(question).get(), in: before)
        }
        scope.set(
            name, to: value.mapError { $0.inside("context entry \(name)") }, isPolicyText: isPolicyText(in: before))
    }
}

extension ContextEntry.Question {
    /// The answer, or that there is none.
    fileprivate func answer(
        from cluster: any ClusterFacts, images: any ImageMetadataSource, deadline: ContinuousClock.Instant
    ) async -> Result<Node, RuleFailure> {
        do throws(RuleFailure) {
            switch self {
            case .image(let text):
                return .success(try await images.metadata(of: text, deadline: deadline))
            case .configMap(let name, let namespace):
                return .success(
                    .json(
                        try await Self.fact { () async throws(FactFailure) in
                            try await cluster.configMap(name, namespace: namespace)
                        }))
            case .object(let path):
                return .success(
                    .json(
                        try await Self.fact { () async throws(FactFailure) in
                            try await cluster.object(at: path)
                        }))
            }
        } catch {
            return .failure(error)
        }
    }

    private static func fact(
        _ ask: () async throws(FactFailure) -> Value
    ) async throws(RuleFailure) -> Value {
        do throws(FactFailure) {
            return try await ask()
        } catch {
            throw RuleFailure(error)
        }
    }
}

extension RuleFailure {
    /// The failure with where it happened.
    func inside(_ place: String) -> RuleFailure {
        description.hasPrefix(place) ? self : RuleFailure("\(place): \(description)")
    }
}

extension RuleBindings {
    /// Whether the rule applies, as far as its preconditions say.
    ///
    /// - Throws: ``RuleFailure`` when it cannot be told.
    public func meetPreconditions(of context: RuleContext) throws(RuleFailure) -> Bool {
        guard let preconditions = context.preconditions else { return true }
        do throws(RuleFailure) {
            return try preconditions.failure(in: scope) == nil
        } catch {
            throw error.inside("preconditions")
        }
    }
}
