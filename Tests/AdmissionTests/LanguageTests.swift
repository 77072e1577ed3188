import JMESPath
import JSON
import Policy
import Testing
import Verification

@testable import Admission

@Suite("Rules with variables, from review to verdict")
struct LanguageTests {
    /// A policy whose rule has these lines besides.
    private static func policy(_ lines: [String], entry: [String] = [], spec: [String] = []) -> String {
        let text = Samples.policy(entry: entry, spec: spec)
        let added = lines.map { "    " + $0 + "\n" }.joined()
        return text.replacing("    verifyImages:\n", with: added + "    verifyImages:\n")
    }

    private static func verdict(
        _ policy: String, images: [String] = ["registry.test/a:1"], results: [CheckResult]? = nil
    ) throws -> Verdict {
        let request = try Samples.review(images)
        let plan = Plan(request, phase: .validate, policies: try Samples.snapshot(policy))
        let passes = images.compactMap { try? Samples.pass($0) }
        return Verdict(request, plan: plan, results: results ?? Array(passes.prefix(plan.checks.count)))
    }

    @Test("A rule applies when its preconditions hold, and is an error when it cannot be told")
    func preconditions() throws {
        func applies(_ condition: String, spec: [String] = [], entry: [String] = []) throws -> Verdict {
            try Self.verdict(
                Self.policy(
                    ["preconditions: {all: [\(condition)]}"], entry: ["verifyDigest: false"] + entry, spec: spec),
                results: [Samples.failure(.signatureNotFound)])
        }
        let holds = #"{key: "{{ request.operation }}", operator: Equals, value: CREATE}"#
        let not = #"{key: "{{ request.operation }}", operator: Equals, value: UPDATE}"#
        let unknown = #"{key: "{{ request.object.metadata.labels.app }}", operator: Equals, value: a}"#
        #expect(try !applies(holds).isAllowed)
        #expect(try applies(not).isAllowed)
        #expect(try applies(not).findings.isEmpty)

        let failed = try applies(unknown)
        #expect(failed.denial?.contains("is undefined") == true)
        // Only where nothing is required, and failures are ignored, does it pass, with a warning.
        #expect(try !applies(unknown, spec: ["failurePolicy: Ignore"]).isAllowed)
        #expect(try !applies(unknown, entry: ["required: false"]).isAllowed)
        let ignored = try applies(unknown, spec: ["failurePolicy: Ignore"], entry: ["required: false"])
        #expect(ignored.isAllowed && ignored.warnings.count == 1)
    }

    @Test("A rule that has nothing to do with the images asks nothing of its variables")
    func otherImages() throws {
        let policy = Self.policy([#"preconditions: {all: [{key: "{{ request.nope }}", operator: Equals, value: a}]}"#])
        #expect(try Self.verdict(policy, images: ["elsewhere.test/a:1"]).isAllowed)
        #expect(try !Self.verdict(policy, images: ["NO IMAGE"]).isAllowed)
    }

    @Test("What a context asks for and nobody answers is an error of the rule")
    func context() async throws {
        let policy = Self.policy([
            "context: [{name: cm, configMap: {name: a, namespace: b}}]",
            #"preconditions: {all: [{key: "{{ cm.data.x || 'd' }}", operator: Equals, value: nothing}]}"#,
        ])
        let request = try Samples.review(["registry.test/a:1"])
        let snapshot = try Samples.snapshot(policy)
        #expect(snapshot.candidates(for: request.attributes).needs == [.context])
        let bindings = await BindingGathering.bindings(
            snapshot.candidates(for: request.attributes).rules, for: request, from: NoClusterFacts(),
            images: NoImages(), deadline: .now + .seconds(5))
        #expect(bindings.count == 1)
        let plan = Plan(
            request, phase: .validate, rules: snapshot.candidates(for: request.attributes).rules, bindings: bindings)
        let verdict = Verdict(request, plan: plan, results: [])
        #expect(verdict.denial?.contains("ConfigMap b/a") == true)
        // Not gathered at all is no better.
        let bare = Plan(request, phase: .validate, policies: snapshot)
        #expect(!Verdict(request, plan: bare, results: []).isAllowed)
    }

    @Test("An extractor that does not fit the object is an error of the rule")
    func extractors() throws {
        let policy = Self.policy(["imageExtractors: {Pod: [{path: /spec/containers/*, value: image, key: label}]}"])
        let verdict = try Self.verdict(policy)
        #expect(verdict.denial?.contains("/spec/containers/0 has no label") == true)
    }

    @Test("A rule made by autogen looks into the pod template")
    func autogen() throws {
        let policy = Self.policy([
            #"preconditions: {all: [{key: "{{ request.object.spec.containers[0].name }}", operator: Equals, value: c0}]}"#
        ])
        for kind in ["Pod", "Deployment"] {
            let request = try Samples.review(["registry.test/a:1"], kind: kind)
            let plan = Plan(request, phase: .validate, policies: try Samples.snapshot(policy))
            #expect(plan.rules.compactMap(\.failure).isEmpty)
            #expect(plan.checks.count == 1)
        }
    }
}

private struct NoImages: ImageMetadataSource {
    func metadata(of text: String, deadline: ContinuousClock.Instant) async throws(RuleFailure) -> Node {
        throw RuleFailure("no images")
    }
}
