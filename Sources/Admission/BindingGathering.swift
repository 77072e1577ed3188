import JSON
import Policy

/// Asks the cluster and registries for what rules' contexts name, for all rules at once.
enum BindingGathering {
    /// The bindings of the rules that need any, by rule.
    static func bindings(
        _ rules: [ApplicableRule], for request: AdmissionRequest, from cluster: any ClusterFacts,
        images: any ImageMetadataSource, deadline: ContinuousClock.Instant
    ) async -> [ObjectIdentifier: RuleBindings] {
        guard let object = request.attributes.object else { return [:] }
        let kind = request.attributes.kind
        let builtIn = ResourceImages.images(in: object, kind: kind)
        let facts = PunctualFacts(cluster, deadline: deadline)
        return await withTaskGroup(of: (ObjectIdentifier, RuleBindings).self) { tasks in
            for candidate in rules where candidate.failure == nil {
                let rule = candidate.rule
                // Where the images cannot be found the plan says so.
                guard let context = rule.context, context.isExternal,
                    let found = try? rule.images(in: object, kind: kind, builtIn: builtIn)
                else { continue }
                let input = ScopeInput(
                    request: request.source, username: request.attributes.userInfo.username, images: found)
                let allowed: any ClusterFacts =
                    rule.policyNamespace.map { NamespacedFacts(facts, namespace: $0) } ?? facts
                tasks.addTask {
                    let bindings = await RuleBindings.gather(
                        context, for: input, from: allowed, images: images, deadline: deadline)
                    return (ObjectIdentifier(rule), bindings)
                }
            }
            var bindings: [ObjectIdentifier: RuleBindings] = [:]
            for await (rule, bound) in tasks { bindings[rule] = bound }
            return bindings
        }
    }
}

/// Facts that are answered by a deadline, or else are a failure.
private struct PunctualFacts: ClusterFacts {
    private let cluster: any ClusterFacts
    private let deadline: ContinuousClock.Instant

    init(_ cluster: any ClusterFacts, deadline: ContinuousClock.Instant) {
        self.cluster = cluster
        self.deadline = deadline
    }

    func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        try await answer("the labels of namespace \(name)") { (facts) async throws(FactFailure) in
            try await facts.namespaceLabels(name)
        }
    }

    func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try await answer("ConfigMap \(namespace)/\(name)") { (facts) async throws(FactFailure) in
            try await facts.configMap(name, namespace: namespace)
        }
    }

    func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        try await answer("Secret \(namespace)/\(name)") { (facts) async throws(FactFailure) in
            try await facts.secret(name, namespace: namespace)
        }
    }

    func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        try await answer("the roles of user \(user.username)") { (facts) async throws(FactFailure) in
            try await facts.roles(of: user)
        }
    }

    func object(at path: String) async throws(FactFailure) -> Value {
        try await answer(path) { (facts) async throws(FactFailure) in try await facts.object(at: path) }
    }

    private func answer<Fact: Sendable>(
        _ fact: String, _ ask: @escaping @Sendable (any ClusterFacts) async throws(FactFailure) -> Fact
    ) async throws(FactFailure) -> Fact {
        let cluster = cluster
        return try await FactGathering.answer(to: fact, by: deadline) { () async throws(FactFailure) in
            try await ask(cluster)
        }.get()
    }
}
