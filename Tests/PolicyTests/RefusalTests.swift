import JSON
import Testing

@testable import Policy

/// What stands in for a policy that cannot be honoured.
@Suite("Refusals") struct RefusalTests {
    private static let broken = #""applyRules":"Some""#

    private func refusal(_ text: String) throws -> ImagePolicy? {
        let compiled = try #require(CompiledObject(try Document(text).root))
        #expect(compiled.policy == nil)
        #expect(!compiled.problems.isEmpty)
        return compiled.refusal
    }

    private func refusal(rules: String, spec: String = broken) throws -> ImagePolicy {
        try #require(try refusal(Sample.policy(rules: rules, spec: spec)))
    }

    /// The names of the rules that fail an object.
    private func failing(
        _ policy: ImagePolicy, _ kind: String = "Pod", group: String = "", name: String = "x"
    ) -> [String] {
        let resource = ResourceAttributes(operation: .create, group: group, version: "v1", kind: kind, name: name)
        return PolicySnapshot([policy]).applicableRules(to: resource).filter { $0.failure != nil }.map(\.rule.name)
    }

    @Test("A policy without problems has none")
    func noProblems() throws {
        let compiled = try #require(CompiledObject(try Document(Sample.policy()).root))
        #expect(compiled.refusal == nil)
        #expect(compiled.policy != nil)
        #expect(CompiledObject(try Document(#"{"apiVersion":"v1","kind":"Pod"}"#).root) == nil)
        #expect(CompiledObject(try Document("[]").root) == nil)
    }

    @Test("It fails what the rules match, also what autogen makes of them, and says why")
    func whatTheRulesMatch() throws {
        let policy = try refusal(rules: "[\(Sample.rule("one"))]")
        #expect(failing(policy) == ["one"])
        #expect(failing(policy, "Deployment") == ["autogen-one"])
        #expect(failing(policy, "CronJob") == ["autogen-cronjob-one"])
        #expect(failing(policy, "ConfigMap") == [])
        let reason = try #require(policy.rules.first?.refusal?.failure.description)
        #expect(reason == #"policy sample cannot be honoured: spec.applyRules: "Some" is none of All, One"#)
    }

    @Test("What match and exclude say still counts where it can be read")
    func matchAndExclude() throws {
        let named = #"{"any":[{"resources":{"kinds":["Pod"],"names":["web-*"]}}]}"#
        let policy = try refusal(
            rules:
                "[\(Sample.rule("one", match: named, extra: #""exclude":{"any":[{"resources":{"names":["web-0"]}}]}"#))]"
        )
        #expect(failing(policy, name: "web-1") == ["one"])
        #expect(failing(policy, name: "web-0") == [])
        #expect(failing(policy, name: "db") == [])
        let unread = try refusal(
            rules:
                "[\(Sample.rule("one", match: named, extra: #""exclude":{"any":[{"resource":{"names":["web-0"]}}]}"#))]"
        )
        #expect(failing(unread, name: "web-0") == ["one"])
    }

    static let unreadable: [String] = [
        #"{"any":[{"resources":{"kinds":["Pod"],"label":"x"}}]}"#, #"{"any":"Pod"}"#, "{}", #""Pod""#, "null",
        #"{"any":[{"resources":{"kinds":["pod"]}}]}"#,
    ]

    @Test("Where match cannot be read, all Pods fail", arguments: unreadable)
    func unreadableMatch(match: String) throws {
        let policy = try refusal(rules: "[\(Sample.rule("one", match: match))]", spec: "")
        #expect(failing(policy, name: "anything") == ["one"])
        #expect(failing(policy, "Service") == [])
    }

    @Test("Where match cannot be read, the kinds that can be read fail too")
    func unreadableMatchWithKinds() throws {
        let match = #"{"any":[{"resources":{"kinds":["apps/v1/Deployment","pod",1],"label":"x"}}]}"#
        let policy = try refusal(rules: "[\(Sample.rule("one", match: match))]", spec: "")
        #expect(failing(policy) == ["one"])
        #expect(failing(policy, "Deployment", group: "apps") == ["one"])
    }

    @Test("Rules that are none of ours stay so; one that does nothing may be a misspelt one of ours")
    func otherRules() throws {
        let other =
            #"{"name":"other","match":{"any":[{"resources":{"kinds":["Service"]}}]},"validate":{"message":"m"}}"#
        let misspelt = Sample.rule("misspelt").replacing("verifyImages", with: "verifyImage")
        let policy = try refusal(rules: "[\(other),\(misspelt)]", spec: "")
        #expect(failing(policy, "Service") == [])
        #expect(failing(policy) == ["misspelt"])
    }

    @Test("A policy without rules has nothing to refuse; one whose rules are no list fails all Pods")
    func noRules() throws {
        #expect(try refusal(Sample.policy(rules: "[]")) == nil)
        let policy = try refusal(rules: #"{"name":"a"}"#)
        #expect(failing(policy) == ["rules"])
        #expect(failing(try refusal(rules: #"["a"]"#)) == ["rules[0]"])
        let many = Array(repeating: Sample.rule(), count: PolicyDecoder.maximumRules + 1).joined(separator: ",")
        #expect(try refusal(rules: "[\(many)]").rules.map(\.name) == ["rules"])
    }

    @Test("A policy that says nothing about requests still does not")
    func notForAdmission() throws {
        #expect(try refusal(Sample.policy(spec: Self.broken + #","admission":false"#)) == nil)
        #expect(try refusal(Sample.policy(spec: Self.broken + #","admission":"no""#)) != nil)
    }

    static let actions: [(spec: String, entry: String, enforces: Bool)] = [
        ("", "", false), (#""validationFailureAction":"Audit""#, "", false),
        (#""validationFailureAction":"enforce""#, "", true), (#""validationFailureAction":"deny""#, "", true),
        (#""validationFailureAction":7"#, "", true), ("", #""failureAction":"Enforce""#, true),
        ("", #""failureAction":"Deny""#, true),
        (#""validationFailureAction":"Enforce""#, #""failureAction":"Audit""#, false),
        (#""validationFailureActionOverrides":[{"action":"Enforce"}]"#, "", true),
        (#""validationFailureActionOverrides":[{"action":"Audit"}]"#, "", false),
        (#""validationFailureActionOverrides":"Audit""#, "", true),
        (#""validationFailureAction":"Enforce","validationFailureActionOverrides":[{"action":"Audit"}]"#, "", true),
        (#""validationFailureActionOverrides":[{"action":"Enforce","namespaces":["prod"]}]"#, "", false),
        // Misspelt, or in the wrong place; what is written under its own name counts before.
        (#""validationFailureActoin":"Enforce""#, "", true), (#""failureAction":"enforce""#, "", true),
        (#""validationFailureActoin":"Audit""#, "", false), (#""surplus":"enforced""#, "", false),
        (#""validationFailureAction":"Audit","surplus":"Enforce""#, "", false),
        ("", #""failureActon":"Enforce""#, true),
        ("", #""failureAction":"Audit","failureActon":"Enforce""#, false),
        (#""validationFailureAction":"Enforce""#, #""failureActon":"Audit""#, true),
    ]

    @Test("It denies where the policy does, and where that cannot be read", arguments: actions)
    func action(spec: String, entry: String, enforces: Bool) throws {
        let rule = Sample.rule(entries: "[\(Sample.entry(extra: entry))]")
        let policy = try refusal(rules: "[\(rule)]", spec: Self.broken + (spec.isEmpty ? "" : "," + spec))
        let resource = ResourceAttributes(operation: .create, kind: "Pod", namespace: "test", name: "x")
        let rules = PolicySnapshot([policy]).applicableRules(to: resource)
        #expect(rules.map(\.enforces) == [enforces])
        // An error of a rule without `required` blocks by the failure policy.
        #expect(policy.rules.allSatisfy { $0.entries.allSatisfy { !$0.required } })
    }

    @Test("An action counts also where what it is written in cannot be read")
    func actionsOfTheUnreadable() throws {
        let resource = ResourceAttributes(operation: .create, kind: "Pod", name: "x")
        func enforces(_ rules: String) throws -> [Bool] {
            PolicySnapshot([try refusal(rules: rules)]).applicableRules(to: resource).map(\.enforces)
        }
        for (action, isEnforced) in [("Enforce", true), ("Audit", false)] {
            let entry = Sample.entry(extra: #""failureAction":"\#(action)""#)
            let rule = Sample.rule(entries: "[\(entry)]")
            #expect(try enforces(rule) == [isEnforced], "rules that are no list")
            #expect(try enforces("[\(Sample.rule(entries: entry))]") == [isEnforced], "entries that are no list")
            #expect(
                try enforces("[\(rule.replacing("verifyImages", with: "verifyImage"))]") == [isEnforced],
                "a misspelt rule")
            #expect(
                try enforces("[\(Sample.rule(extra: #""failureAction":"\#(action)""#))]") == [isEnforced],
                "an action beside the entries")
            let many = Array(repeating: rule, count: PolicyDecoder.maximumRules + 1).joined(separator: ",")
            #expect(try enforces("[\(many)]") == [isEnforced], "too many rules")
        }
        let misplaced = Sample.policy(rules: "[\(Sample.rule())]").replacing(
            #""spec":{"#, with: #""validationFailureAction":"Enforce","spec":{"#)
        let policy = try #require(try refusal(misplaced))
        #expect(PolicySnapshot([policy]).applicableRules(to: resource).map(\.enforces) == [true])
    }

    @Test("Overrides that can be read still count")
    func overrides() throws {
        let policy = try refusal(
            rules: "[\(Sample.rule())]",
            spec: Self.broken + #","validationFailureActionOverrides":[{"action":"Enforce","namespaces":["prod"]}]"#)
        let resource = ResourceAttributes(operation: .create, kind: "Pod", namespace: "prod", name: "x")
        #expect(PolicySnapshot([policy]).applicableRules(to: resource).map(\.enforces) == [true])
    }

    static let failurePolicies: [(spec: String, policy: FailurePolicy)] = [
        (broken, .fail), (broken + #","failurePolicy":"Ignore""#, .ignore), (#""failurePolicy":"ignore""#, .fail),
        (broken + #","webhookConfiguration":{"failurePolicy":"Ignore"}"#, .ignore),
        (#""failurePolicy":"Ignore","webhookConfiguration":{"failurePolicy":"Fail"}"#, .fail),
        (#""failurePolicy":"Ignore","webhookConfiguration":{"failurePolicy":"Ignore"}"#, .ignore),
        (#""failurePolicy":3"#, .fail),
    ]

    @Test("Its failure policy is the policy's, and Fail where that cannot be read", arguments: failurePolicies)
    func failurePolicy(spec: String, policy: FailurePolicy) throws {
        #expect(try refusal(rules: "[\(Sample.rule())]", spec: spec).failurePolicy == policy)
    }

    @Test("Only images of the policy fail, where it can be read which those are")
    func images() throws {
        func entry(_ entry: String) throws -> ImageEntry {
            let policy = try refusal(rules: "[\(Sample.rule(entries: "[\(entry)]"))]")
            return try #require(policy.rules.first?.entries.first)
        }
        let known = try entry(Sample.entry(extra: #""skipImageReferences":["ghcr.io/org/free:*"],"surplus":1"#))
        #expect(known.selection(of: try reference("ghcr.io/org/app:v1")) == .matches)
        #expect(known.selection(of: try reference("ghcr.io/org/free:v1")) == .skipped)
        #expect(known.selection(of: try reference("nginx")) == .no)
        let unskipped = try entry(Sample.entry(extra: #""skipImageReferences":["a b"]"#))
        #expect(unskipped.selection(of: try reference("ghcr.io/org/free:v1")) == .matches)
        for images in [#"["a b"]"#, #""ghcr.io/*""#, "[]", "[1]"] {
            let unknown = try entry(Sample.entry(images: images))
            #expect(unknown.selection(of: try reference("nginx")) == .matches)
        }
        #expect(try entry(#""text""#).selection(of: try reference("nginx")) == .matches)
        let text = try refusal(rules: "[\(Sample.rule(entries: #""text""#))]")
        #expect(text.rules.first?.entries.count == 1)
    }

    @Test("Where it cannot be read where the images are, every object that it matches fails")
    func extractors() throws {
        let match = #"{"any":[{"resources":{"kinds":["Task"]}}]}"#
        func rule(_ extractors: String) -> String {
            Sample.rule("one", match: match, extra: #""imageExtractors":\#(extractors)"#)
        }
        let unknown = try refusal(rules: "[\(rule(#"{"Task":[{"paths":"/a"}]}"#))]", spec: "")
        #expect(unknown.rules.map(\.speaksOfWholeObjects) == [true])
        let known = try refusal(rules: "[\(rule(#"{"Task":[{"path":"/spec/steps/*/image"}]}"#))]")
        #expect(known.rules.map(\.speaksOfWholeObjects) == [false])
        #expect(known.rules.first?.extractors["Task"]?.count == 1)
    }

    @Test("An annotation that cannot be read leaves autogen as it is without")
    func autogen() throws {
        let policy = try #require(
            try refusal(
                Sample.policy(metadata: #""annotations":{"pod-policies.kyverno.io/autogen-controllers":"Foo"}"#)))
        #expect(failing(policy, "Deployment") == ["autogen-check"])
    }

    @Test("Several problems are counted")
    func severalProblems() throws {
        let policy = try refusal(rules: "[\(Sample.rule())]", spec: #""applyRules":"a","failurePolicy":"b""#)
        #expect(policy.rules.first?.refusal?.failure.description.hasSuffix("(and 1 more)") == true)
    }
}
