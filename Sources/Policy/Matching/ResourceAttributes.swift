import JSON

/// What a request does to its object.
public enum Operation: String, Sendable, Hashable, CaseIterable {
    case create = "CREATE"
    case update = "UPDATE"
    case delete = "DELETE"
    case connect = "CONNECT"
}

/// Who sent a request.
public struct UserInfo: Sendable, Hashable {
    public var username: String
    public var groups: [String]

    public init(username: String = "", groups: [String] = []) {
        self.username = username
        self.groups = groups
    }

    /// Who it is, for a sentence.
    public var inWords: String { username.isEmpty ? "a user without a name" : "user \(username)" }
}

/// What rules see of an admission request.
public struct ResourceAttributes: Sendable {
    public var operation: Operation
    /// The group, version and kind of `request.resource`: for a subresource, those of the object it belongs to.
    public var group: String
    public var version: String
    public var kind: String
    /// Empty for the object itself.
    public var subresource: String
    /// Empty for an object of the cluster.
    public var namespace: String
    /// Can be empty on CREATE, when ``generateName`` is given.
    public var name: String
    public var generateName: String
    public var object: Value?
    public var oldObject: Value?
    public var userInfo: UserInfo

    public init(
        operation: Operation, group: String = "", version: String = "v1", kind: String, subresource: String = "",
        namespace: String = "", name: String = "", generateName: String = "", object: Value? = nil,
        oldObject: Value? = nil, userInfo: UserInfo = UserInfo()
    ) {
        self.operation = operation
        self.group = group
        self.version = version
        self.kind = kind
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.generateName = generateName
        self.object = object
        self.oldObject = oldObject
        self.userInfo = userInfo
    }

    /// What `names` see.
    var matchedName: String { name.isEmpty ? generateName : name }

    /// What `namespaces` see: a Namespace's own name counts as its namespace.
    var matchedNamespace: String { isNamespace ? name : namespace }

    var isNamespace: Bool { kind == "Namespace" && group.isEmpty && subresource.isEmpty }

    /// What `selector` sees.
    var labels: Texts { .map(object?["metadata"]?["labels"]) }

    /// The same request about the object as it was, for UPDATE: its labels and annotations may have been others.
    var previous: ResourceAttributes? {
        guard operation == .update, let oldObject else { return nil }
        var previous = self
        previous.object = oldObject
        return previous
    }

    /// Whether no rule looks at the request at all: what is deleted is not verified, and what was being deleted
    /// before the request has to lose its finalizers.
    ///
    /// Only the old object counts, which the API server vouches for; the new one is the sender's.
    public var isPastVerification: Bool {
        if operation == .delete { return true }
        guard let deletion = oldObject?["metadata"]?["deletionTimestamp"] else { return false }
        return !deletion.isNull
    }

    /// The kind of `request.resource`, which `match` sees.
    ///
    /// The review names the resource in plural and the kind of what was sent. For a subresource that may be another
    /// kind (a scale request to Deployments sends a `Scale`), so the kinds that come with images are known here by
    /// their plural; any other is taken as sent.
    public static func kind(ofResource plural: String, subresource: String, sentKind: String) -> String {
        guard !subresource.isEmpty else { return sentKind }
        return kindsByResource[plural] ?? sentKind
    }

    private static let kindsByResource = [
        "pods": "Pod", "deployments": "Deployment", "replicasets": "ReplicaSet", "statefulsets": "StatefulSet",
        "replicationcontrollers": "ReplicationController", "daemonsets": "DaemonSet", "jobs": "Job",
        "cronjobs": "CronJob", "namespaces": "Namespace",
    ]
}
