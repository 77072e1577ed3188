/// A ClusterPolicy or Policy with image rules, compiled.
public final class ImagePolicy: Sendable {
    public let name: String
    /// The namespace of a namespaced Policy; nil for a ClusterPolicy.
    public let namespace: String?
    /// `name`, or `namespace/name`: how people tell policies apart.
    public let qualifiedName: String
    /// What happens when it cannot be found out whether an image of a rule without `required` is good.
    public let failurePolicy: FailurePolicy
    /// How long the API server waits for an answer about this policy, in seconds: 1 to 30.
    public let timeoutSeconds: Int
    public let applyRules: ApplyRules
    /// Whether findings that do not deny are told to the person who sent the request.
    public let emitsWarnings: Bool
    /// Other actions than the rules', by namespace.
    public let overrides: [ActionOverride]
    /// Whether objects that exist already are looked at too, now and then.
    public let runsInBackground: Bool
    /// The rules as written, then the ones that autogen made of them.
    public let rules: [ImageRule]

    /// What the API server waits where a policy does not say.
    public static let defaultTimeoutSeconds = 10

    public init(
        name: String, namespace: String? = nil, failurePolicy: FailurePolicy = .fail,
        timeoutSeconds: Int = defaultTimeoutSeconds, applyRules: ApplyRules = .all, emitsWarnings: Bool = false,
        overrides: [ActionOverride] = [], runsInBackground: Bool = true, rules: [ImageRule]
    ) {
        self.name = name
        self.namespace = namespace
        qualifiedName = namespace.map { $0 + "/" + name } ?? name
        self.failurePolicy = failurePolicy
        self.timeoutSeconds = timeoutSeconds
        self.applyRules = applyRules
        self.emitsWarnings = emitsWarnings
        self.overrides = overrides
        self.runsInBackground = runsInBackground
        self.rules = rules
    }
}
