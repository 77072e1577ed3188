extension PolicySnapshot {
    /// What the policies say in the background about objects that exist already, which nobody sends.
    ///
    /// Policies with `background: false` are left out, and so are rules that ask who sends a request, which have nothing
    /// to say there.
    ///
    /// Source: Kyverno, "Background Scans".
    public func ofExistingObjects() -> PolicySnapshot {
        let kept = policies.compactMap { policy -> ImagePolicy? in
            policy.runsInBackground ? policy.with(policy.rules.filter { !$0.asksForSender }) : nil
        }
        return PolicySnapshot(kept, exceptions: exceptions)
    }

    /// What the policies say about objects if somebody sends them whom they do not know: nobody is among those whom a
    /// rule matches or leaves out by user, group or role.
    ///
    /// Rules that match requests of some users only are left out.
    public func ofUnknownSender() -> PolicySnapshot {
        let kept = policies.compactMap { policy in policy.with(policy.rules.compactMap(\.ofUnknownSender)) }
        return PolicySnapshot(
            kept,
            exceptions: exceptions.map { exception in
                PolicyException(
                    qualifiedName: exception.qualifiedName, rules: exception.rules,
                    match: exception.match.ofUnknownSender)
            })
    }

    /// The rules that match requests of some users only, as `policy/rule`: what ``ofUnknownSender()`` leaves out.
    public var rulesOfKnownSenders: [String] {
        policies.flatMap { policy in
            policy.rules.filter { $0.ofUnknownSender == nil }.map { "\(policy.qualifiedName)/\($0.name)" }
        }
    }
}

extension ImageRule {
    /// Whether the rule looks at requests of some users only.
    fileprivate var asksForSender: Bool { (match.filters + exclude.filters).contains(where: \.asksForSender) }

    /// The rule as it is about somebody unknown; nil where it cannot be.
    fileprivate var ofUnknownSender: ImageRule? {
        guard asksForSender else { return self }
        let match = match.ofUnknownSender
        guard !match.filters.isEmpty else { return nil }
        return ImageRule(self, name: name, match: match, exclude: exclude.ofUnknownSender, body: nil)
    }
}

extension MatchBlock {
    /// What is left of the block where no filter that asks for the sender can hold.
    fileprivate var ofUnknownSender: MatchBlock {
        let left = filters.filter { !$0.asksForSender }
        if left.count == filters.count { return self }
        return combination == .any ? MatchBlock(.any, left) : MatchBlock()
    }
}

extension ResourceFilter {
    fileprivate var asksForSender: Bool { !subjects.isEmpty || !roles.isEmpty || !clusterRoles.isEmpty }
}

extension ImagePolicy {
    /// The policy with these rules instead; nil for none.
    fileprivate func with(_ rules: [ImageRule]) -> ImagePolicy? {
        guard !rules.isEmpty else { return nil }
        let isSame = rules.count == self.rules.count && zip(rules, self.rules).allSatisfy { $0 === $1 }
        return isSame ? self : ImagePolicy(self, rules: rules)
    }

    /// `policy` with other rules.
    fileprivate convenience init(_ policy: ImagePolicy, rules: [ImageRule]) {
        self.init(
            name: policy.name, namespace: policy.namespace, failurePolicy: policy.failurePolicy,
            timeoutSeconds: policy.timeoutSeconds, applyRules: policy.applyRules, emitsWarnings: policy.emitsWarnings,
            overrides: policy.overrides, runsInBackground: policy.runsInBackground, rules: rules)
    }
}
