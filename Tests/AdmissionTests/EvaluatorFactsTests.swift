import OCI
import Policy
import Registry
import Testing

@testable import Admission
@testable import Verification

@Suite("The evaluator, and what the cluster knows")
struct EvaluatorFactsTests {
    /// A registry in which there is nothing.
    struct EmptySource: ImageSource {
        func manifest(
            _ reference: ManifestReference, in repository: Repository, deadline: ContinuousClock.Instant
        ) async throws(RegistryFailure) -> FetchedManifest { throw .notFound(what: "\(reference)", code: nil) }

        let limits = RegistryLimits()

        func content(
            of descriptor: Descriptor, in repository: Repository, limit: Int, setting: String?,
            deadline: ContinuousClock.Instant
        ) async throws(RegistryFailure) -> [UInt8] { throw .notFound(what: "\(descriptor.digest)", code: nil) }

        func referrers(
            of image: Digest, in repository: Repository, deadline: ContinuousClock.Instant
        ) async throws(RegistryFailure) -> [Descriptor] { [] }
    }

    private func evaluator(
        kinds: String = "kinds: [Pod]", action: String = "Enforce", spec: [String] = [], facts: any ClusterFacts
    ) throws -> Evaluator {
        let text = Samples.policy(action: action, spec: spec).replacing("kinds: [Pod]", with: kinds)
        return Evaluator(
            policies: try Samples.snapshot(text), verifier: ImageVerifier(source: EmptySource()), facts: facts)
    }

    private func facts(_ env: String) -> ManifestFacts {
        ManifestFacts(
            PolicyFiles(
                reading: ["-"],
                standardInput: {
                    Array("{apiVersion: v1, kind: Namespace, metadata: {name: test, labels: {env: \(env)}}}".utf8)
                }))
    }

    private func denial(_ evaluator: Evaluator, images: [String] = ["registry.test/a:1"]) async throws -> String? {
        await evaluator.evaluate(try Samples.review(images), phase: .mutate, deadline: .now + .seconds(30))
            .verdict.denial
    }

    private static let bySelector = "kinds: [Pod], namespaceSelector: {matchLabels: {env: prod}}"

    @Test("A rule by the labels of the namespace asks for them, and fails closed without")
    func namespaceLabels() async throws {
        let prod = try evaluator(kinds: Self.bySelector, facts: facts("prod"))
        #expect(try await denial(prod)?.contains("image verification failed for registry.test/a:1") == true)
        let dev = try evaluator(kinds: Self.bySelector, facts: facts("dev"))
        #expect(try await denial(dev) == nil)
        let unknown = try evaluator(kinds: Self.bySelector, facts: NoClusterFacts())
        #expect(try await denial(unknown)?.contains("run with --cluster-facts") == true)
        #expect(try await denial(unknown, images: ["other.test/a:1"]) == nil)
    }

    @Test("An override by the labels of the namespace decides whether a finding denies")
    func overrides() async throws {
        let spec = [
            "validationFailureActionOverrides: [{action: Enforce, namespaceSelector: {matchLabels: {env: prod}}}]"
        ]
        let prod = try evaluator(action: "Audit", spec: spec, facts: facts("prod"))
        #expect(try await denial(prod)?.contains("image verification failed") == true)
        let dev = try evaluator(action: "Audit", spec: spec, facts: facts("dev"))
        #expect(try await denial(dev) == nil)
        let unknown = try evaluator(action: "Audit", spec: spec, facts: NoClusterFacts())
        #expect(try await denial(unknown)?.contains("it cannot be told whether the rule denies") == true)
    }

    @Test("Where nothing has to be asked, everything is decided in place")
    func inPlace() throws {
        let evaluator = try evaluator(kinds: Self.bySelector, facts: NoClusterFacts())
        let service = try Samples.review(["registry.test/a:1"], kind: "Service")
        guard case .decided(let outcome) = evaluator.begin(service, phase: .mutate) else {
            Issue.record("something was asked for a kind that no rule names")
            return
        }
        #expect(outcome.verdict.isAllowed && outcome.rules.isEmpty)
    }
}
