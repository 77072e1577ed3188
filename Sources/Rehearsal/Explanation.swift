import Admission
import JSON
import OCI
import Policy
import Verification

/// Every decision on the way of one manifest: why was it denied?
public struct Explanation: Sendable {
    /// An image of the manifest.
    public struct Image: Sendable {
        public let text: String
        /// What the rules that name it say; none where no rule does.
        public let rows: [Row]
        /// What the tag stood for, once a registry said so.
        public let digest: Digest?
        /// What lies beside it, once for each distinct requirement.
        public let inspections: [Inspection]
    }

    /// `Pod/test/web`.
    public let resource: String
    /// What whoever sends the manifest would read; nil when it would be admitted.
    public let denial: String?
    public let rules: [RuleExplanation]
    public let images: [Image]
    /// What befell rules as a whole.
    public let rows: [Row]
}

extension Rehearsal {
    /// How many requirements are looked into anew; a manifest with more images has its cause among these.
    static let maximumInspections = 16

    /// - Throws: ``ReviewError`` when the manifest cannot be part of a review.
    public func explain(_ manifest: Manifest) async throws(ReviewError) -> Explanation {
        let object = shape.object(of: manifest)
        let request = try shape.request(about: manifest, object: object)
        let deadline = ContinuousClock.now + timeout
        let rules = await evaluator.explainMatch(of: request, deadline: deadline)
        let outcomes = try await outcomes(of: manifest)
        let performance = performance(of: outcomes, resource(manifest))

        // (1) The images, in the order in which rules met them, and then those that no rule names.
        var texts: [String] = []
        let written = ResourceImages.images(in: request.attributes.object ?? manifest.object, kind: manifest.kind)
        for text in performance.rows.compactMap(\.image) + written.map(\.text) where !texts.contains(text) {
            texts.append(text)
        }

        // (2) What lies beside each that was checked; failures first, since those are asked about.
        let checks = outcomes.first?.checks ?? []
        var images: [Explanation.Image] = []
        var left = Self.maximumInspections
        for text in texts {
            let asked = checks.filter { $0.reference.original == text }
            let digest = asked.compactMap(\.result.digest).first
            var inspections: [Inspection] = []
            for check in asked where left > 0 {
                guard let digest, let requirement = check.requirement else { continue }
                left -= 1
                inspections.append(
                    await evaluator.verifier.inspect(
                        digest, in: check.reference.repository, requirement, deadline: .now + timeout))
            }
            images.append(
                Explanation.Image(
                    text: text, rows: performance.rows.filter { $0.image == text }, digest: digest,
                    inspections: inspections))
        }
        return Explanation(
            resource: resource(manifest).text, denial: performance.denial?.message, rules: rules, images: images,
            rows: performance.rows.filter { $0.image == nil })
    }
}
