/// A rule with `verifyImages`, compiled; also one that autogen made of it.
///
/// A class, as policies and entries are: plans, verdicts and log lines all point at them, and nothing changes one.
public final class ImageRule: Sendable {
    /// As written, or `autogen-…` and `autogen-cronjob-…`.
    public let name: String
    /// The position in `spec.rules` of the rule as written.
    public let index: Int
    public let match: MatchBlock
    public let exclude: MatchBlock
    /// The namespace that a namespaced Policy speaks for; nil for a ClusterPolicy.
    public let policyNamespace: String?
    public let entries: [ImageEntry]
    /// What the rule's variables are made of; nil for a rule without any, which asks nobody anything.
    public let context: RuleContext?
    /// Where images are in objects of a kind, instead of where they are by nature.
    public let extractors: [String: [ImageExtractor]]
    /// Whether a failing image denies the request, where no override of the policy applies. An entry's own action
    /// counts before the policy's, and one entry that enforces is enough.
    public let enforces: Bool
    /// Whether an entry says what happens, so that the policy's action and its overrides do not count.
    public let hasOwnAction: Bool
    /// Why the rule lets nothing pass, where it stands in for one that cannot be honoured.
    public let refusal: RuleRefusal?

    public init(
        name: String, index: Int = 0, match: MatchBlock, exclude: MatchBlock = MatchBlock(),
        policyNamespace: String? = nil, entries: [ImageEntry], context: RuleContext? = nil,
        extractors: [String: [ImageExtractor]] = [:], policyAction: FailureAction, refusal: RuleRefusal? = nil
    ) {
        self.name = name
        self.index = index
        self.match = match
        self.exclude = exclude
        self.policyNamespace = policyNamespace
        self.entries = entries
        self.context = context
        self.extractors = extractors
        self.refusal = refusal
        let actions = entries.compactMap(\.failureAction)
        hasOwnAction = !actions.isEmpty
        enforces = actions.isEmpty ? policyAction == .enforce : actions.contains(.enforce)
    }

    /// `rule` under another name, for other resources.
    ///
    /// - Parameter body: what the rule says there; nil where it is the same.
    init(_ rule: ImageRule, name: String, match: MatchBlock, exclude: MatchBlock, body: RuleBody?) {
        self.name = name
        self.match = match
        self.exclude = exclude
        index = rule.index
        policyNamespace = rule.policyNamespace
        entries = body?.entries ?? rule.entries
        context = body == nil ? rule.context : body?.context
        extractors = rule.extractors
        enforces = rule.enforces
        hasOwnAction = rule.hasOwnAction
        refusal = rule.refusal
    }

    /// Whether the rule has its say about an object that holds none of its images.
    public var speaksOfWholeObjects: Bool { refusal?.isOfWholeObjects ?? false }

    /// The facts that the rule needs before its images can be judged, besides those that ``applicability(to:facts:)``
    /// asks for by itself.
    public var needs: RuleNeeds { context?.isExternal == true ? [.context] : [] }

    /// Whether the rule looks at a request that is not past verification.
    func applicability(to resource: ResourceAttributes, facts: RequestFacts) -> Applicability {
        // A namespaced policy speaks for the objects in its namespace, which the Namespace itself is not.
        if let policyNamespace {
            guard resource.namespace.utf8.elementsEqual(policyNamespace.utf8), !resource.isNamespace else { return .no }
        }
        let applicability = selects(resource, facts)
        // A change that takes an object out of a rule is still the rule's business, as the reference has it: the image
        // could be changed along with the label.
        guard applicability != .yes, looksAtMetadata, let previous = resource.previous else { return applicability }
        return [resource, previous].anyApplies { selects($0, facts) }
    }

    private func selects(_ resource: ResourceAttributes, _ facts: RequestFacts) -> Applicability {
        match.matches(resource, facts) & !exclude.excludes(resource, facts)
    }

    private var looksAtMetadata: Bool { match.looksAtMetadata || exclude.looksAtMetadata }
}

/// What a rule does that stands in for one that cannot be honoured.
public struct RuleRefusal: Sendable, Hashable {
    /// What is wrong with the policy.
    public let failure: RuleFailure
    /// Whether it cannot be told which images the rule is about, so that it fails every object that it matches.
    public let isOfWholeObjects: Bool

    public init(_ failure: RuleFailure, isOfWholeObjects: Bool = false) {
        self.failure = failure
        self.isOfWholeObjects = isOfWholeObjects
    }
}
