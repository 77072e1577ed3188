/// What had to be asked about the cluster to judge one request, as data.
///
/// Nil means that it was not asked, because nothing seemed to need it.
public struct RequestFacts: Sendable, Hashable {
    /// The labels of the namespace that the request is about.
    public var namespaceLabels: Result<[String: String], FactFailure>?
    /// The roles of whoever sent the request.
    public var roles: Result<UserRoles, FactFailure>?

    public init(
        namespaceLabels: Result<[String: String], FactFailure>? = nil, roles: Result<UserRoles, FactFailure>? = nil
    ) {
        self.namespaceLabels = namespaceLabels
        self.roles = roles
    }

    /// Nothing was asked.
    public static let none = RequestFacts()
}

/// Which facts a rule needs before it can be decided.
public struct RuleNeeds: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// ``RequestFacts/namespaceLabels``.
    public static let namespaceLabels = RuleNeeds(rawValue: 1)
    /// ``RequestFacts/roles``.
    public static let roles = RuleNeeds(rawValue: 2)
    /// What the rule's context names, and keys that are kept in Secrets.
    public static let context = RuleNeeds(rawValue: 4)
}
