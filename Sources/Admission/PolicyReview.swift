import JSON
import Policy

/// What is answered when somebody creates or changes a policy: whether it can be honoured in full, and what of it is
/// passed over.
///
/// A pure function of the review. What the cluster holds besides does not count, so that the order in which objects
/// are applied does not.
struct PolicyReview: Sendable, Hashable {
    /// Why the policy is refused, for whoever sent it; nil when it is not.
    let denial: String?
    let warnings: [String]

    /// Longest message of a refusal that is sent: a terminal has to show it.
    static let maximumDenialBytes = 16 * 1024

    /// - Parameter honoursExceptions: Whether PolicyExceptions count here at all.
    init(_ request: AdmissionRequest, honoursExceptions: Bool) {
        let attributes = request.attributes
        let isChange = attributes.operation == .create || attributes.operation == .update
        guard isChange, attributes.subresource.isEmpty, let object = attributes.object,
            object["metadata"]?["deletionTimestamp"]?.string == nil, let compiled = CompiledObject(object)
        else {
            (denial, warnings) = (nil, [])
            return
        }
        guard honoursExceptions || !compiled.isException else {
            (denial, warnings) = (nil, ["exceptions do not count here: Countersign runs without --exceptions"])
            return
        }
        let notes = compiled.notes.map(\.sentence)
        // Labels and finalizers of a policy that came here with its problems must be able to change.
        if let old = attributes.oldObject, PolicyCollection.saysTheSame(old, as: object) {
            (denial, warnings) = (nil, Warnings.fitting(compiled.problems.map(\.sentence) + notes))
        } else if compiled.problems.isEmpty {
            (denial, warnings) = (nil, Warnings.fitting(notes))
        } else if compiled.isException {
            // What it says may be about Kyverno's other rules. It excepts nothing, which is the safe side.
            (denial, warnings) = (nil, Warnings.fitting([Self.exceptsNothing] + compiled.problems.map(\.sentence)))
        } else {
            (denial, warnings) = (Self.denial(attributes, compiled.problems), [])
        }
    }

    private static let exceptsNothing = "this exception excepts no image here, as it cannot be honoured in full"

    /// A line for each problem: where it is, and what is wrong there.
    private static func denial(_ attributes: ResourceAttributes, _ problems: [PolicyProblem]) -> String {
        let place = attributes.namespace.isEmpty ? "" : attributes.namespace + "/"
        let name = printable(place + attributes.name)
        var text = "\(printable(attributes.kind)) \(name) cannot be honoured in full:"
        for (index, problem) in problems.enumerated() {
            let line = "\n  " + printable(problem.sentence, limit: maximumLineCharacters)
            guard text.utf8.count + line.utf8.count <= maximumDenialBytes else {
                return text + "\n  and \(problems.count - index) more"
            }
            text += line
        }
        return text
    }

    /// Longest line of a refusal: what is wrong may quote what was written.
    private static let maximumLineCharacters = 1024
}
