import JSON
import OCI
import Policy
import Verification

/// What is answered, and why: a pure function of the plan and the results of its checks.
public struct Verdict: Sendable {
    /// What came of one image under one entry of one rule.
    public struct Finding: Sendable {
        public enum Result: Sendable, Equatable {
            case pass
            case skip
            /// The image does not meet the rule.
            case fail(String)
            /// It could not be found out whether the image meets the rule.
            case error(String)
        }

        public let policy: ImagePolicy
        public let rule: ImageRule
        /// Nil for what befell a rule as a whole.
        public let image: ContainerImage?
        public let digest: Digest?
        public let result: Result
        /// Whether the finding stands in the way of the request.
        public let blocks: Bool
        /// Whether the rule denies what fails it; false under Audit.
        public let enforces: Bool
        /// The PolicyException for whose sake the image was skipped.
        public let exception: String?
        public let fromCache: Bool
        public let duration: Duration
    }

    public private(set) var findings: [Finding] = []
    /// What pins verified images; empty when the request is denied.
    public private(set) var patch = Patch()
    public private(set) var warnings: [String] = []
    /// Nil when the request is allowed, else the message for whoever made it.
    public private(set) var denial: String?

    public var isAllowed: Bool { denial == nil }

    /// - Parameter results: One result for each of the plan's checks, in their order.
    init(_ request: AdmissionRequest, plan: Plan, results: [CheckResult]) {
        var pins = PinBuilder()
        for rulePlan in plan.rules {
            if let failure = rulePlan.failure { findings.append(Self.finding(failure, rulePlan)) }
            for item in rulePlan.items {
                findings.append(
                    Self.finding(item, rulePlan, phase: plan.phase, results: results, pins: &pins))
            }
        }
        if findings.contains(where: \.blocks) {
            denial = DenialMessage.text(request.attributes, findings: findings)
        } else {
            patch = pins.patch
        }
        warnings = Warnings.of(findings)
    }

    private static func finding(
        _ item: Plan.Item, _ rulePlan: Plan.RulePlan, phase: Phase, results: [CheckResult], pins: inout PinBuilder
    ) -> Finding {
        var result = Finding.Result.pass
        var digest: Digest?
        var fromCache = false
        var duration = Duration.zero

        switch item.step {
        case .skipped: result = .skip
        case .unparsable(let error):
            // Whatever `required` and the failure policy say: what is not a reference cannot be a verified image.
            result = .fail("image verification failed: \(error)")
        case .nothing(let reference): digest = reference.digest
        case .failed(let failure):
            result = .error(
                "image verification failed for \(printable(item.image.text)): "
                    + printable(failure.description, limit: maximumFailureLength))
        case .check(let index, let reference):
            let check = results[index]
            (fromCache, duration, digest) = (check.fromCache, check.duration, check.digest)
            switch check.outcome {
            case .success(let pinnable):
                let attestations = pinnable.verified?.attestations ?? []
                if let objection = item.entry.statements?.objection(to: attestations, rulePlan.bindings) {
                    let reason = printable(objection, limit: maximumFailureLength)
                    result = .fail("image verification failed for \(printable(item.image.text)): \(reason)")
                } else if phase == .mutate, item.entry.mutateDigest, reference.digest == nil {
                    pins.pin(item.image, to: pinnable)
                }
            case .failure(let failure):
                // It may hold what a registry or a tenant's pull secret says.
                let reason = printable("\(failure)", limit: maximumFailureLength)
                let message = "image verification failed for \(printable(item.image.text)): \(reason)"
                result = failure.isError ? .error(message) : .fail(message)
            }
        }
        if case .pass = result, phase == .validate, item.entry.verifyDigest, item.image.writtenDigest == nil {
            result = .fail("missing digest for \(printable(item.image.text))")
        }
        return Finding(
            policy: rulePlan.policy, rule: rulePlan.rule, image: item.image, digest: digest, result: result,
            blocks: blocks(result, item.entry, rulePlan), enforces: rulePlan.enforces, exception: rulePlan.exception,
            fromCache: fromCache, duration: duration)
    }

    /// The error of a rule that could not be decided.
    private static func finding(_ failure: RuleFailure, _ rulePlan: Plan.RulePlan) -> Finding {
        // Every entry might have looked at an image: the strictest of them counts.
        let isRequired = rulePlan.rule.entries.contains(where: \.required)
        return Finding(
            policy: rulePlan.policy, rule: rulePlan.rule, image: nil, digest: nil,
            result: .error(printable(failure.description, limit: maximumFailureLength)),
            blocks: rulePlan.enforces && (isRequired || rulePlan.policy.failurePolicy == .fail),
            enforces: rulePlan.enforces, exception: nil, fromCache: false, duration: .zero)
    }

    /// Longest sentence about a rule's failure that is passed on, in characters: names in it come from outside.
    private static let maximumFailureLength = 1024

    /// Source: the image-rule reference, "What happens to an image".
    private static func blocks(_ result: Finding.Result, _ entry: ImageEntry, _ rulePlan: Plan.RulePlan) -> Bool {
        guard rulePlan.enforces else { return false }
        switch result {
        case .pass, .skip: return false
        case .fail: return true
        case .error: return entry.required || rulePlan.policy.failurePolicy == .fail
        }
    }
}

extension ContainerImage {
    /// The digest that the object itself names.
    var writtenDigest: Digest? { (try? reference.get())?.digest }
}

/// Collects the patch that writes verified digests beside tags. Only a `PinnableImage` gets in, so that a digest
/// nobody verified cannot be written into an object.
private struct PinBuilder {
    private(set) var patch = Patch()
    private var pinned: Set<Pointer> = []

    mutating func pin(_ image: ContainerImage, to pinnable: PinnableImage) {
        guard case .success(let reference) = image.reference, pinnable.reference.repository == reference.repository
        else { return }
        guard pinned.insert(image.pointer).inserted else { return }
        patch.operations.append(.replace(image.pointer, string: reference.pinned(to: pinnable.digest)))
    }
}
