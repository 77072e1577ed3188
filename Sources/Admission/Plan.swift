import JSON
import OCI
import Policy
import Verification

/// Which of the two webhooks was called.
public enum Phase: String, Sendable {
    /// Verifies and pins.
    case mutate
    /// Verifies the final object, and asks for a digest where a rule does.
    case validate
}

/// One question to the verifier: does this image meet this requirement?
struct Check: Sendable, Hashable {
    let reference: ImageReference
    /// Nil when only the digest is wanted.
    let requirement: Requirement?
    /// Whether the digest found will be written into the object, so that a remembered tag may serve.
    let pinned: Bool
    /// Pull secrets of the server's own namespace that the rule names.
    let secrets: [String]
}

/// What a review asks of the verifier, and what each answer will mean: (review, policies) → which images must satisfy
/// which requirements. A pure function, without any input or output: what the cluster knows was asked before.
public struct Plan: Sendable {
    /// What one entry of a rule says about one image.
    struct Item: Sendable {
        enum Step: Sendable {
            /// The entry's `skipImageReferences` names the image.
            case skipped
            /// The string is no image reference: an error of the rule, never a reason to look at no image.
            case unparsable(ReferenceError)
            /// The answer is that of `Plan.checks[index]`.
            case check(Int, ImageReference)
            /// The entry only asks for a digest, and the reference has one (or this call does not ask for it).
            case nothing(ImageReference)
            /// It could not be made out what the entry asks for.
            case failed(RuleFailure)
        }

        let image: ContainerImage
        let entry: ImageEntry
        let step: Step
    }

    /// One rule that applies to the object, and its items: none where no image is the rule's business.
    struct RulePlan: Sendable {
        let policy: ImagePolicy
        let rule: ImageRule
        let items: [Item]
        /// Why the rule could not be decided; it then has no items, and is an error as a whole.
        let failure: RuleFailure?
        /// Whether a failing image denies the request.
        let enforces: Bool
        /// The PolicyException for whose sake everything is skipped.
        let exception: String?
        /// What the rule's variables stand for; nil for a rule without any.
        let bindings: RuleBindings?

        init(
            _ candidate: ApplicableRule, items: [Item], failure: RuleFailure? = nil, bindings: RuleBindings? = nil
        ) {
            policy = candidate.policy
            rule = candidate.rule
            self.items = items
            self.failure = failure
            enforces = candidate.enforces
            exception = candidate.exception
            self.bindings = bindings
        }
    }

    let phase: Phase
    let rules: [RulePlan]
    let checks: [Check]

    /// How many distinct questions the verifier is asked.
    public var checkCount: Int { checks.count }

    /// The plan of a request, with what was found out about the cluster.
    public init(
        _ request: AdmissionRequest, phase: Phase, policies: PolicySnapshot, facts: RequestFacts = .none
    ) {
        self.init(request, phase: phase, rules: policies.candidates(for: request.attributes, facts: facts).rules)
    }

    /// - Parameters:
    ///   - rules: The rules that look at the request; none does at a DELETE or at an object that is already being
    ///     deleted.
    ///   - bindings: What was gathered for the rules whose context has to be asked for.
    init(
        _ request: AdmissionRequest, phase: Phase, rules applicable: [ApplicableRule],
        bindings: [ObjectIdentifier: RuleBindings] = [:]
    ) {
        self.phase = phase
        var builder = Builder(request: request, phase: phase, bindings: bindings)
        guard !applicable.isEmpty, let object = request.attributes.object else {
            (rules, checks) = ([], [])
            return
        }

        // (1) Every image of the object, once.
        let images = ResourceImages.images(in: object, kind: request.attributes.kind)
        builder.expect(images.count)

        // (2) For each rule, what its entries say about each image.
        var settled: String?
        for candidate in applicable where candidate.policy.qualifiedName != settled {
            guard let rule = builder.plan(candidate, in: object, images: images) else { continue }
            builder.rules.append(rule)
            // `applyRules: One` ends a policy with the first rule that has something to say.
            if candidate.policy.applyRules == .one, rule.failure != nil || rule.items.contains(where: \.decides) {
                settled = candidate.policy.qualifiedName
            }
        }
        rules = builder.rules
        checks = builder.finished()
    }
}

extension Plan.Item {
    /// Whether the item makes its rule pass or fail.
    var decides: Bool {
        if case .skipped = step { return false }
        return true
    }
}

extension Plan {
    /// Collects the distinct checks of all rules.
    private struct Builder {
        let request: AdmissionRequest
        let phase: Phase
        let bindings: [ObjectIdentifier: RuleBindings]
        var rules: [RulePlan] = []
        /// The checks so far; an image is pinned for all of them when one entry pins it.
        private var checks: [(reference: ImageReference, requirement: Requirement?, secrets: [String])] = []
        private var indexes: [Key: Int] = [:]
        private var pinnedImages: Set<ImageReference> = []

        private struct Key: Hashable {
            let reference: ImageReference
            let requirement: Requirement?
            let secrets: [String]
        }

        init(request: AdmissionRequest, phase: Phase, bindings: [ObjectIdentifier: RuleBindings]) {
            self.request = request
            self.phase = phase
            self.bindings = bindings
        }

        /// Makes room for one check of each image, which is what most plans come to.
        mutating func expect(_ images: Int) {
            checks.reserveCapacity(images)
            indexes.reserveCapacity(images)
            pinnedImages.reserveCapacity(images)
        }

        /// What a rule says about the images; nil for one that does not apply, or that failed where it had nothing to
        /// say.
        ///
        /// - Parameter builtIn: the images where the object's kind has them by nature.
        mutating func plan(
            _ candidate: ApplicableRule, in object: Value, images builtIn: [ContainerImage]
        ) -> RulePlan? {
            let rule = candidate.rule
            do throws(RuleFailure) {
                // (1) The images that the rule is about.
                let images = try rule.images(in: object, kind: request.attributes.kind, builtIn: builtIn)
                if candidate.exception != nil {
                    return RulePlan(candidate, items: Self.excepted(rule, images: images))
                }
                // A rule that would not look at any of the images anyway cannot fail because of them.
                if let failure = candidate.failure {
                    let decides = rule.speaksOfWholeObjects || images.contains { Self.decides(rule, $0) }
                    return decides ? RulePlan(candidate, items: [], failure: failure) : nil
                }

                // (2) Whether its preconditions hold.
                var bindings: RuleBindings?
                if let context = rule.context, images.contains(where: { Self.decides(rule, $0) }) {
                    let bound = self.bindings[ObjectIdentifier(rule)] ?? RuleBindings(context, for: input(images))
                    guard try bound.meetPreconditions(of: context) else { return nil }
                    bindings = bound
                }

                // (3) What it says about each image.
                return RulePlan(candidate, items: items(of: rule, images: images, bindings), bindings: bindings)
            } catch {
                return RulePlan(candidate, items: [], failure: candidate.exception == nil ? error : nil)
            }
        }

        private func input(_ images: [ContainerImage]) -> ScopeInput {
            ScopeInput(request: request.source, username: request.attributes.userInfo.username, images: images)
        }

        /// The images that a rule would have looked at, but for an exception.
        private static func excepted(_ rule: ImageRule, images: [ContainerImage]) -> [Item] {
            images.flatMap { image in
                rule.entries.compactMap { entry in
                    if let reference = try? image.reference.get(), entry.selection(of: reference) == .no { return nil }
                    return Item(image: image, entry: entry, step: .skipped)
                }
            }
        }

        /// Whether a rule has something to decide about an image.
        private static func decides(_ rule: ImageRule, _ image: ContainerImage) -> Bool {
            guard case .success(let reference) = image.reference else { return true }
            return rule.entries.contains { $0.selection(of: reference) == .matches }
        }

        private mutating func items(
            of rule: ImageRule, images: [ContainerImage], _ bindings: RuleBindings?
        ) -> [Item] {
            var items: [Item] = []
            // Most rules are about none of the images: what an entry asks for is made when the first one comes.
            var requirements: [ObjectIdentifier: Result<Requirement?, RuleFailure>] = [:]
            for image in images {
                let reference: ImageReference
                switch image.reference {
                case .success(let parsed): reference = parsed
                case .failure(let error):
                    items += rule.entries.map { Item(image: image, entry: $0, step: .unparsable(error)) }
                    continue
                }
                for entry in rule.entries {
                    switch entry.selection(of: reference) {
                    case .no: break
                    case .skipped: items.append(Item(image: image, entry: entry, step: .skipped))
                    case .matches:
                        let requirement =
                            requirements[ObjectIdentifier(entry)]
                            ?? Result { () throws(RuleFailure) in try entry.requirement.requirement(bindings) }
                        requirements[ObjectIdentifier(entry)] = requirement
                        items.append(Item(image: image, entry: entry, step: step(entry, requirement, reference)))
                    }
                }
            }
            return items
        }

        private mutating func step(
            _ entry: ImageEntry, _ requirement: Result<Requirement?, RuleFailure>, _ reference: ImageReference
        ) -> Item.Step {
            let asked: Requirement?
            switch requirement {
            case .success(let requirement): asked = requirement
            case .failure(let failure): return .failed(failure)
            }
            let pins = phase == .mutate && entry.mutateDigest && reference.digest == nil
            guard asked != nil || pins else { return .nothing(reference) }
            if pins { pinnedImages.insert(reference) }
            let key = Key(reference: reference, requirement: asked, secrets: entry.registrySecrets)
            if let index = indexes[key] { return .check(index, reference) }
            indexes[key] = checks.count
            checks.append((reference, asked, entry.registrySecrets))
            return .check(checks.count - 1, reference)
        }

        func finished() -> [Check] {
            checks.map {
                Check(
                    reference: $0.reference, requirement: $0.requirement,
                    pinned: pinnedImages.contains($0.reference), secrets: $0.secrets)
            }
        }
    }
}
