import JSON

/// Whom a RoleBinding or ClusterRoleBinding gives which role.
///
/// Source: Kubernetes, rbac.authorization.k8s.io/v1.
public struct RoleBindingFacts: Sendable {
    private enum Role: Sendable {
        case ofNamespace(String)
        case ofCluster(String)
    }

    private let role: Role?
    /// Users, and service accounts as `system:serviceaccount:NAMESPACE:NAME`.
    public let users: Set<String>
    public let groups: Set<String>

    /// - Parameter namespace: The binding's own; nil for a ClusterRoleBinding.
    public init(_ binding: Value, namespace: String?) {
        let name = binding["roleRef"]?["name"]?.string ?? ""
        switch (binding["roleRef"]?["kind"]?.string, namespace) {
        case ("Role"?, let namespace?): role = .ofNamespace("\(namespace):\(name)")
        case ("ClusterRole"?, _): role = .ofCluster(name)
        default: role = nil
        }
        var users: Set<String> = []
        var groups: Set<String> = []
        for subject in binding["subjects"].map({ Array($0.elements) }) ?? [] {
            guard let name = subject["name"]?.string else { continue }
            switch subject["kind"]?.string {
            case "User"?: users.insert(name)
            case "Group"?: groups.insert(name)
            case "ServiceAccount"?:
                guard let home = subject["namespace"]?.string ?? namespace else { continue }
                users.insert("system:serviceaccount:\(home):\(name)")
            default: continue
            }
        }
        self.users = users
        self.groups = groups
    }

    public func binds(_ user: UserInfo) -> Bool {
        users.contains(user.username) || !groups.isDisjoint(with: user.groups)
    }

    public func add(to roles: inout UserRoles) {
        switch role {
        case .ofNamespace(let name)?: roles.roles.insert(name)
        case .ofCluster(let name)?: roles.clusterRoles.insert(name)
        case nil: break
        }
    }
}
