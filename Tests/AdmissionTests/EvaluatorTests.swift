import OCI
import OpenSSL
import Policy
import Testing

@testable import Admission
@testable import Registry
@testable import Verification

@Suite("The evaluator")
struct EvaluatorTests {
    /// A registry that answers for a tag when it is let, and has no signatures.
    private final class SlowSource: ImageSource {
        private let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let manifest = Array(
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)","manifests":[]}"#.utf8)

        func letAnswer() { open.finish() }

        func manifest(
            _ reference: ManifestReference, in repository: Repository, deadline: ContinuousClock.Instant
        ) async throws(RegistryFailure) -> FetchedManifest {
            guard reference == .tag("1") else { throw .notFound(what: "\(reference)", code: nil) }
            for await _ in opened {}
            do {
                return FetchedManifest(
                    bytes: manifest, digest: Digest(of: manifest), contentType: MediaType.ociIndex,
                    manifest: try Manifest(parsing: manifest, contentType: MediaType.ociIndex))
            } catch {
                throw .malformed(what: "the test's manifest", reason: "\(error)")
            }
        }

        let limits = RegistryLimits()

        func content(
            of descriptor: Descriptor, in repository: Repository, limit: Int, setting: String?,
            deadline: ContinuousClock.Instant
        ) async throws(RegistryFailure) -> [UInt8] { throw .notFound(what: "\(descriptor.digest)", code: nil) }

        func referrers(
            of image: Digest, in repository: Repository, deadline: ContinuousClock.Instant
        ) async throws(RegistryFailure) -> [Descriptor] { [] }
    }

    @Test(
        "Checks that outlive the deadline go on, and the retry finds them done",
        arguments: [[Samples.key], [Samples.key, Samples.otherKey]])
    func outlives(keys: [PublicKey]) async throws {
        let policies = try Samples.snapshot(keys.enumerated().map { Samples.policy("p\($0)", key: $1) })
        let source = SlowSource()
        let evaluator = Evaluator(policies: policies, verifier: ImageVerifier(source: source))
        let request = try Samples.review(["registry.test/a:1"])

        let first = await evaluator.evaluate(request, phase: .mutate, deadline: .now + .milliseconds(20))
        #expect(first.verdict.denial?.contains("timed out") == true)

        source.letAnswer()
        // The checks go on by themselves; this asks memory alone, without starting anything.
        for _ in 0..<2000 {
            if case .decided(let outcome) = evaluator.begin(request, phase: .mutate) {
                #expect(outcome.verdict.denial?.contains("signature not found") == true)
                #expect(outcome.verdict.findings.allSatisfy { $0.fromCache })
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("nothing went on after the deadline")
    }
}
