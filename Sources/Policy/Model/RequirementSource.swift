import Verification

/// Where the requirement of an entry comes from.
public enum RequirementSource: Sendable {
    /// Nobody is named: the entry only pins or checks digests.
    case none
    /// The same for every request.
    case fixed(Requirement)
    /// Made for each request, of variables and Secrets.
    case templated(RequirementTemplate)

    init(_ requirement: Requirement?) { self = requirement.map(RequirementSource.fixed) ?? .none }

    /// Whether images have to satisfy anything.
    public var isEmpty: Bool {
        if case .none = self { return true }
        return false
    }

    /// What an image must satisfy; nil for an entry that only pins or checks digests.
    ///
    /// - Parameter bindings: those of the rule for the request; nil for a rule without variables.
    /// - Throws: ``RuleFailure`` when variables or Secrets make no requirement.
    public func requirement(_ bindings: RuleBindings?) throws(RuleFailure) -> Requirement? {
        switch self {
        case .none: return nil
        case .fixed(let requirement): return requirement
        case .templated(let template):
            guard let bindings else { throw RuleFailure("the rule's variables were not evaluated") }
            return try template.requirement(bindings)
        }
    }
}
