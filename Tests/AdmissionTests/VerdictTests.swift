import JSON
import Policy
import Registry
import Testing

@testable import Admission
@testable import Verification

@Suite("The verdict")
struct VerdictTests {
    private func verdict(
        _ policies: [String], images: [String], phase: Phase = .mutate, results: [CheckResult]
    ) throws -> Verdict {
        let snapshot = try Samples.snapshot(policies)
        let request = try Samples.review(images)
        let plan = Plan(request, phase: phase, policies: snapshot)
        #expect(plan.checks.count == results.count)
        return Verdict(request, plan: plan, results: results)
    }

    @Test("A verified image is pinned beside its tag")
    func pins() throws {
        let verdict = try verdict(
            [Samples.policy()], images: ["registry.test/a:1", "registry.test/b"],
            results: [Samples.pass("registry.test/a:1"), Samples.pass("registry.test/b")])
        #expect(verdict.isAllowed)
        var writer = Writer()
        verdict.patch.write(to: &writer)
        let patch = try Document(writer.bytes).root
        #expect(patch[0]?["path"]?.string == "/spec/containers/0/image")
        #expect(patch[0]?["op"]?.string == "replace")
        #expect(patch[0]?["value"]?.string == "registry.test/a:1@\(Samples.digest)")
        #expect(patch[1]?["value"]?.string == "registry.test/b:latest@\(Samples.digest)")
    }

    @Test("A denial has the shape that scripts look for, and no patch")
    func message() throws {
        let verdict = try verdict(
            [Samples.policy()], images: ["registry.test/a:1", "registry.test/b:1"],
            results: [Samples.pass("registry.test/a:1"), Samples.failure(.signatureNotFound)])
        #expect(
            verdict.denial == """
                resource Pod/test/hackedpod was blocked due to the following policies

                check-image:
                  check-image: 'image verification failed for registry.test/b:1: signature not found'

                """)
        #expect(verdict.patch.operations.isEmpty)
    }

    @Test("All failing rules of all policies are listed, and long lines fold between images")
    func listsAll() throws {
        let verdict = try verdict(
            [Samples.policy("zeta"), Samples.policy("alpha", key: Samples.otherKey)],
            images: ["registry.test/a-rather-long-repository-name:1", "registry.test/b:1"],
            results: [
                Samples.failure(.signatureNotFound), Samples.failure(.signatureNotFound),
                Samples.failure(.timedOut), Samples.pass("registry.test/b:1"),
            ])
        let denial = try #require(verdict.denial)
        #expect(denial.contains("\nalpha:\n") && denial.contains("\nzeta:\n"))
        let alpha = try #require(denial.range(of: "alpha:"))
        let zeta = try #require(denial.range(of: "zeta:"))
        #expect(alpha.lowerBound < zeta.lowerBound)
        #expect(denial.contains("name:1: signature not found;\n    image verification failed for registry.test/b:1"))
        // What was folded reads back whole.
        let body = denial.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2).joined(separator: "\n")
        let read = try YAMLText.document(body).root
        #expect(read["zeta"]?["check-image"]?.string?.contains("signature not found; image") == true)
    }

    @Test("Audit lets through, warns when asked, and writes only digests that verified")
    func audit() throws {
        let results = [Samples.failure(.signatureNotFound), try Samples.pass("registry.test/b:1")]
        let images = ["registry.test/a:1", "registry.test/b:1"]
        let quiet = try verdict([Samples.policy(action: "Audit")], images: images, results: results)
        #expect(quiet.isAllowed && quiet.warnings.isEmpty)
        #expect(quiet.patch.operations.map(\.path.description) == ["/spec/containers/1/image"])
        let loud = try verdict(
            [Samples.policy(action: "Audit", spec: ["emitWarning: true"])], images: images, results: results)
        #expect(loud.isAllowed)
        #expect(loud.warnings.count == 1 && loud.warnings[0].count < 120)
        #expect(loud.warnings[0].hasPrefix("check-image.check-image: image verification failed for registry.test/a:1"))
    }

    @Test(
        "An error is no verdict: required and the failure policy decide",
        arguments: [
            (true, "Fail", false), (true, "Ignore", false), (false, "Fail", false), (false, "Ignore", true),
        ])
    func errors(required: Bool, failurePolicy: String, allowed: Bool) throws {
        let policy = Samples.policy(entry: ["required: \(required)"], spec: ["failurePolicy: \(failurePolicy)"])
        let images = ["registry.test/a:1"]
        let error = try verdict([policy], images: images, results: [Samples.failure(.timedOut)])
        #expect(error.isAllowed == allowed)
        #expect(error.warnings.isEmpty != allowed)
        #expect(error.patch.operations.isEmpty)
        let missing = try verdict([policy], images: images, results: [Samples.failure(.signatureNotFound)])
        #expect(!missing.isAllowed)
    }

    @Test(
        "A fact that is not to be had is an error of the rule",
        arguments: [
            (true, "Fail", "Enforce", false), (true, "Ignore", "Enforce", false), (false, "Fail", "Enforce", false),
            (false, "Ignore", "Enforce", true), (true, "Fail", "Audit", true),
        ])
    func missingFacts(required: Bool, failurePolicy: String, action: String, allowed: Bool) throws {
        let text = Samples.policy(
            action: action, entry: ["required: \(required)"], spec: ["failurePolicy: \(failurePolicy)"]
        ).replacing(
            "kinds: [Pod]", with: "kinds: [Pod], namespaceSelector: {matchLabels: {env: prod}}")
        let policies = try Samples.snapshot(text)
        let request = try Samples.review(["registry.test/a:1", "registry.test/b:1"])
        #expect(policies.candidates(for: request.attributes).needs == .namespaceLabels)

        let failure = FactFailure(.notFound, "the labels of namespace test", "there is no such namespace")
        let facts = RequestFacts(namespaceLabels: .failure(failure))
        let plan = Plan(request, phase: .mutate, policies: policies, facts: facts)
        #expect(plan.checks.isEmpty)
        let verdict = Verdict(request, plan: plan, results: [])
        #expect(verdict.isAllowed == allowed)
        #expect(verdict.findings.count == 1 && verdict.findings[0].image == nil)
        if !allowed {
            #expect(
                verdict.denial?.hasSuffix(
                    "  check-image: 'it cannot be told whether the rule applies: the labels of namespace test: there is no "
                        + "such namespace'\n") == true, "\(verdict.denial ?? "")")
        }

        // A rule that has nothing to say about the images cannot fail because of them.
        let others = try Samples.review(["other.test/a:1"])
        #expect(Plan(others, phase: .mutate, policies: policies, facts: facts).rules.isEmpty)
        // With the fact, the rule is as any other.
        let known = RequestFacts(namespaceLabels: .success(["env": "prod"]))
        #expect(Plan(request, phase: .mutate, policies: policies, facts: known).checks.count == 2)
        let other = RequestFacts(namespaceLabels: .success(["env": "dev"]))
        #expect(Plan(request, phase: .mutate, policies: policies, facts: other).rules.isEmpty)
    }

    @Test("An exception skips what its rule would have looked at, and says for whose sake")
    func exceptions() throws {
        let exception = """
            apiVersion: kyverno.io/v2
            kind: PolicyException
            metadata: {name: legacy, namespace: ops}
            spec:
              exceptions: [{policyName: check-image, ruleNames: [check-image]}]
              match: {any: [{resources: {kinds: [Pod]}}]}
            """
        let documents = try [Samples.policy(), Samples.policy("other"), exception].map {
            (source: "test.yaml", document: try YAMLText.document($0))
        }
        let policies = try #require(PolicyLoader.load(documents: documents, honoursExceptions: true).snapshot)
        let request = try Samples.review(["registry.test/a:1", "other.test/b:1", "registry.test/UPPER"])
        let plan = Plan(request, phase: .mutate, policies: policies)
        #expect(plan.checks.count == 1)
        let verdict = Verdict(request, plan: plan, results: [Samples.failure(.signatureNotFound)])
        let skipped = verdict.findings.filter { $0.policy.name == "check-image" }
        #expect(skipped.map(\.result) == [.skip, .skip] && skipped.allSatisfy { $0.exception == "ops/legacy" })
        // Other policies decide as ever.
        #expect(verdict.denial?.contains("\nother:") == true && verdict.denial?.contains("\ncheck-image:") == false)
    }

    @Test("The validating call asks for a digest where the rule does")
    func verifyDigest() throws {
        let images = ["registry.test/a:1"]
        let results = [try Samples.pass("registry.test/a:1")]
        let asking = try verdict([Samples.policy()], images: images, phase: .validate, results: results)
        #expect(asking.denial?.contains("missing digest for registry.test/a:1") == true)
        let leaving = try verdict(
            [Samples.policy(entry: ["verifyDigest: false"])], images: images, phase: .validate, results: results)
        #expect(leaving.isAllowed && leaving.patch.operations.isEmpty)
        let pinned = "registry.test/a:1@\(Samples.digest)"
        let given = try verdict(
            [Samples.policy()], images: [pinned], phase: .validate, results: [Samples.pass(pinned)])
        #expect(given.isAllowed)
    }

    @Test("An image that is no reference is denied whatever the rule asks")
    func unparsable() throws {
        let verdict = try verdict(
            [Samples.policy(entry: ["required: false"], spec: ["failurePolicy: Ignore"])],
            images: ["registry.test/UPPER:1"], results: [])
        #expect(verdict.denial?.contains("registry.test/UPPER:1") == true)
    }

    @Test("What others wrote cannot forge lines, or fill a denial")
    func printableReasons() throws {
        let key = "x\nevil:\u{1B}[2J" + String(repeating: "y", count: 50_000)
        let forged = "pull secret test/a cannot be used: auths[\"\(key)\"]"
        let verdict = try verdict(
            [Samples.policy()], images: ["registry.test/a:1"],
            results: [Samples.failure(.denied(.denied(what: "registry.test/a:1", code: nil), because: [forged]))])
        let denial = try #require(verdict.denial)
        #expect(denial.contains("pull secret test/a cannot be used"))
        #expect(!denial.contains("\u{1B}") && !denial.contains("\nevil") && denial.utf8.count < 3_000)
    }

    @Test("Warnings keep to what kubectl shows")
    func warnings() throws {
        let images = (0..<60).map { "registry.test/" + String(repeating: "x", count: 90) + "\($0):1" }
        let verdict = try verdict(
            [Samples.policy(action: "Audit", spec: ["emitWarning: true"])], images: images,
            results: images.map { _ in Samples.failure(.signatureNotFound) })
        #expect(verdict.warnings.allSatisfy { $0.count < 120 })
        #expect(verdict.warnings.reduce(0) { $0 + $1.utf8.count } <= 4096)
        // The API server drops a warning that is not one line.
        #expect(Warnings.fitting(["a\nb\u{1B}c", "a b c"]) == ["a b c"])
    }

    @Test(
        "A YAML scalar reads back as the same string",
        arguments: [
            "check-image", "true", "it's", "a: b", "x #y", "No", "1", "a:", "-x", "ns/name", "missing digest for a:1",
        ])
    func quoting(text: String) throws {
        let read = try YAMLText.document("key: " + DenialMessage.quote(text)).root
        #expect(read["key"]?.string == text)
    }
}
