import JSON
import Testing

@testable import Policy

@Suite struct PolicyDecoderTests {
    @Test func defaults() throws {
        let policy = try policy(Sample.policy())
        #expect(policy.name == "sample")
        #expect(policy.namespace == nil)
        #expect(policy.qualifiedName == "sample")
        #expect(policy.failurePolicy == .fail)
        #expect(policy.timeoutSeconds == 10)
        #expect(policy.applyRules == .all)
        #expect(!policy.emitsWarnings)
        let rule = try #require(policy.rules.first)
        #expect(!rule.enforces)
        let entry = try #require(rule.entries.first)
        #expect(entry.mutateDigest && entry.verifyDigest && entry.required)
        #expect(entry.failureAction == nil)
        #expect(entry.requirement.fixed?.forms == .any)
    }

    @Test func everythingSaid() throws {
        let policy = try policyOf(
            entry: Sample.entry(
                extra: #""type":"SigstoreBundle","mutateDigest":false,"verifyDigest":false,"required":false"#),
            spec:
                #""applyRules":"One","emitWarning":true,"#
                + #""webhookConfiguration":{"failurePolicy":"Ignore","timeoutSeconds":7}"#
        )
        #expect(policy.failurePolicy == .ignore)
        #expect(policy.timeoutSeconds == 7)
        #expect(policy.applyRules == .one)
        #expect(policy.emitsWarnings)
        let entry = try #require(policy.rules.first?.entries.first)
        #expect(!entry.mutateDigest && !entry.verifyDigest && !entry.required)
        #expect(entry.requirement.fixed?.forms == .bundlesOnly)
    }

    @Test func theOlderHomes() throws {
        let policy = try policy(Sample.policy(spec: #""failurePolicy":"Ignore","webhookTimeoutSeconds":30"#))
        #expect(policy.failurePolicy == .ignore)
        #expect(policy.timeoutSeconds == 30)
    }

    @Test func theLegacySpelling() throws {
        let text = #"""
            {"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","metadata":{"name":"check-image"},
             "spec":{"validationFailureAction":"enforce","background":false,"webhookTimeoutSeconds":30,
              "failurePolicy":"Fail","rules":[{"name":"check-image",
               "match":{"any":[{"resources":{"kinds":["Pod"]}}]},
               "verifyImages":[{"image":"ghcr.io/org/ubi-minimal:*","key":\#(Sample.key)}]}]}}
            """#
        let policy = try policy(text)
        let rule = try #require(policy.rules.first)
        #expect(rule.enforces)
        #expect(rule.entries.first?.imageReferences.map(\.pattern) == ["ghcr.io/org/ubi-minimal:*"])
        let modern = try #require(
            try policyOf(entry: Sample.entry(images: #"["ghcr.io/org/ubi-minimal:*"]"#)).rules.first)
        #expect(rule.entries.first?.requirement.fixed == modern.entries.first?.requirement.fixed)
    }

    /// Entries' actions, the policy's, and whether the rule enforces.
    static let actions: [(entries: [String?], policy: String?, enforces: Bool)] = [
        ([nil], nil, false), ([nil], "Audit", false), ([nil], "audit", false), ([nil], "Enforce", true),
        ([nil], "enforce", true), (["Enforce"], nil, true), (["Enforce"], "Audit", true), (["Audit"], "Enforce", false),
        (["Audit", "Enforce"], "Audit", true), (["Audit", nil], "Enforce", false), ([nil, "Enforce"], "Audit", true),
    ]

    @Test(arguments: actions) func actionsCombine(entries: [String?], action: String?, enforces: Bool) throws {
        let entries = entries.map { Sample.entry(extra: $0.map { #""failureAction":"\#($0)""# } ?? "") }
        let rule = Sample.rule(entries: "[\(entries.joined(separator: ","))]")
        let spec = action.map { #""validationFailureAction":"\#($0)""# } ?? ""
        #expect(try policy(rules: "[\(rule)]", spec: spec).rules.first?.enforces == enforces)
    }

    /// What the spec says, and the path and part of the reason of the problem.
    static let refusedSpecs: [(spec: String, path: String, says: String)] = [
        (#""validationFailureAction":"ENFORCE""#, "spec.validationFailureAction", "neither Audit nor Enforce"),
        (#""validationFailureAction":true"#, "spec.validationFailureAction", "has to be text"),
        (#""failurePolicy":"fail""#, "spec.failurePolicy", "none of Fail, Ignore"),
        (#""applyRules":"First""#, "spec.applyRules", "none of All, One"),
        (#""webhookTimeoutSeconds":0"#, "spec.webhookTimeoutSeconds", "1 to 30"),
        (#""webhookTimeoutSeconds":31"#, "spec.webhookTimeoutSeconds", "1 to 30"),
        (#""webhookTimeoutSeconds":1.5"#, "spec.webhookTimeoutSeconds", "a whole number"),
        (#""webhookConfiguration":{"timeoutSeconds":0}"#, "spec.webhookConfiguration.timeoutSeconds", "1 to 30"),
        (#""webhookConfiguration":[]"#, "spec.webhookConfiguration", "has to be an object"),
        (#""admission":"no""#, "spec.admission", "true or false"),
        (
            #""failurePolicy":"Fail","webhookConfiguration":{"failurePolicy":"Fail"}"#, "spec.failurePolicy",
            "stands beside"
        ),
        (
            #""webhookTimeoutSeconds":5,"webhookConfiguration":{"timeoutSeconds":5}"#, "spec.webhookTimeoutSeconds",
            "stands beside"
        ),
    ]

    @Test(arguments: refusedSpecs) func refusesSpec(spec: String, path: String, says: String) throws {
        let problems = try problems(Sample.policy(spec: spec))
        #expect(problems.map(\.path) == [path])
        #expect(problems.first?.reason.contains(says) == true, "\(problems)")
    }

    static let refusedRules: [(rules: String, path: String, says: String)] = [
        ("[]", "spec.rules", "missing or empty"), ("null", "spec.rules", "missing or empty"),
        ("{}", "spec.rules", "missing or empty"),
        (#"[{"name":"a","match":{},"verifyImage":[]}]"#, "spec.rules[0]", "does nothing"),
        (#"[{"name":"a","verifyImages":[]}]"#, "spec.rules[0]", "does nothing"),
        (#"["a"]"#, "spec.rules[0]", "does nothing"),
        ("[\(Sample.rule("")) ]", "spec.rules[0].name", "is missing"),
        ("[\(Sample.rule(String(repeating: "a", count: 64)))]", "spec.rules[0].name", "longer than the 63"),
        ("[\(Sample.rule("a")),\(Sample.rule("a"))]", "spec.rules[1].name", "name of an earlier rule"),
        ("[\(Sample.rule(entries: #"{"image":"a"}"#))]", "spec.rules[0].verifyImages", "has to be a list"),
        ("[\(Sample.rule(entries: #"["a"]"#))]", "spec.rules[0].verifyImages[0]", "has to be an object"),
        ("[\(Sample.rule("{{ a }}"))]", "spec.rules[0].name", "variables"),
    ]

    @Test(arguments: refusedRules) func refusesRules(rules: String, path: String, says: String) throws {
        let problems = try problems(Sample.policy(rules: rules))
        #expect(problems.contains { $0.path == path && $0.reason.contains(says) }, "\(problems)")
    }

    @Test func aPolicyNeedsItsNames() throws {
        #expect(try problems(Sample.policy("")).map(\.path) == ["metadata.name"])
        #expect(try problems(Sample.policy(kind: "Policy")).map(\.path) == ["metadata.namespace"])
        let namespaced = try policy(Sample.policy(kind: "Policy", metadata: #""namespace":"prod""#))
        #expect(namespaced.qualifiedName == "prod/sample")
        // A ClusterPolicy has no namespace, whatever is written.
        #expect(try policy(Sample.policy(metadata: #""namespace":"prod""#)).namespace == nil)
    }

    @Test func everyProblemIsTold() throws {
        let entry = Sample.entry(extra: #""required":"yes","subject":"a","unknown":1"#)
        let paths = try problems(entry: entry).map(\.path)
        #expect(Set(paths) == Set(["required", "subject", "unknown"].map { "spec.rules[0].verifyImages[0]." + $0 }))
    }

    @Test func otherRulesAreSkippedWithANote() throws {
        let other = #"{"name":"other","match":{},"validate":{"pattern":{"a":"b"},"futureField":1}}"#
        let result = try load(Sample.policy(rules: "[\(other),\(Sample.rule())]"))
        #expect(result.problems == [])
        #expect(
            result.notes == [
                "test.yaml: ClusterPolicy sample: spec.rules[0]: rule other has no verifyImages and is skipped"
            ])
        #expect(result.snapshot?.policies.first?.rules.first?.index == 1)
    }

    /// Fields that we could not honour say nothing about images in a policy without image rules.
    @Test func aPolicyWithoutImageRulesIsSkippedWithANote() throws {
        let other = #"{"name":"other","context":[{"name":"a"}],"match":{},"validate":{"pattern":{"a":"b"}}}"#
        let result = try load(
            Sample.policy(
                rules: "[\(other)]", spec: #""validationFailureActionOverrides":[{"action":"Audit"}],"future":1"#))
        #expect(result.problems == [])
        #expect(result.notes == ["test.yaml: ClusterPolicy sample: has no verifyImages rules and is skipped"])
        #expect(result.snapshot?.policies.isEmpty == true)
    }

    @Test func aPolicyThatIsNotForAdmissionIsSkippedWithANote() throws {
        let result = try load(Sample.policy(spec: #""admission":false"#))
        #expect(result.problems == [])
        #expect(result.notes.count == 1)
        #expect(result.snapshot?.policies.isEmpty == true)
        // It must be right all the same.
        #expect(
            try problems(Sample.policy(spec: #""admission":false,"applyRules":"a""#)).map(\.path) == ["spec.applyRules"]
        )
    }

    @Test func aProblemReadsAsOneLine() {
        let problem = PolicyProblem(file: "a.yaml", policy: "ClusterPolicy b", path: "spec.rules", reason: "is missing")
        #expect(problem.description == "a.yaml: ClusterPolicy b: spec.rules: is missing")
        #expect(PolicyProblem(file: "a.yaml", reason: "cannot be read").description == "a.yaml: cannot be read")
    }
}
