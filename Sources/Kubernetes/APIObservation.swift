/// One exchange with the API server, for metrics. Requests that are made again are observed again.
public struct APIObservation: Sendable {
    /// As RBAC has it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    public let verb: String
    /// As RBAC has it: `deployments.apps`; `discovery` or `apiCall` for what is no resource.
    public let resource: String
    /// The HTTP status; nil when there was no answer.
    public let status: Int?
    /// Until the answer was there; of a watch, until it began.
    public let duration: Duration

    public var isWrite: Bool { !["get", "list", "watch"].contains(verb) }
}
