extension PolicySnapshot {
    /// What the policies say about objects that exist already, which nobody sends.
    ///
    /// Rules that ask who sends a request have nothing to say there, and are left out.
    ///
    /// Source: Kyverno, "Background Scans".
    /// - Parameter includingAll: Whether policies with `background: false` count too.
    public func ofExistingObjects(includingAll: Bool = false) -> PolicySnapshot {
        let kept = policies.compactMap { policy -> ImagePolicy? in
            guard includingAll || policy.runsInBackground else { return nil }
            let rules = policy.rules.filter { !$0.asksForSender }
            if rules.count == policy.rules.count { return policy }
            return rules.isEmpty ? nil : ImagePolicy(policy, rules: rules)
        }
        return PolicySnapshot(kept, exceptions: exceptions)
    }

    /// The rules that ask who sends a request, as `policy/rule`: what ``ofExistingObjects(includingAll:)`` leaves out.
    public var rulesThatAskForSender: [String] {
        policies.flatMap { policy in
            policy.rules.filter(\.asksForSender).map { "\(policy.qualifiedName)/\($0.name)" }
        }
    }
}

extension ImageRule {
    /// Whether the rule looks at requests of some users only.
    var asksForSender: Bool {
        (match.filters + exclude.filters).contains {
            !$0.subjects.isEmpty || !$0.roles.isEmpty || !$0.clusterRoles.isEmpty
        }
    }
}

extension ImagePolicy {
    /// `policy` with some of its rules.
    fileprivate convenience init(_ policy: ImagePolicy, rules: [ImageRule]) {
        self.init(
            name: policy.name, namespace: policy.namespace, failurePolicy: policy.failurePolicy,
            timeoutSeconds: policy.timeoutSeconds, applyRules: policy.applyRules, emitsWarnings: policy.emitsWarnings,
            overrides: policy.overrides, runsInBackground: policy.runsInBackground, rules: rules)
    }
}
