/// The roles that are bound to whoever sent a request.
public struct UserRoles: Sendable, Hashable {
    /// Roles of a namespace, as `namespace:name`.
    public var roles: Set<String>
    /// Roles of the cluster, wherever they are bound, by name.
    public var clusterRoles: Set<String>

    public init(roles: Set<String> = [], clusterRoles: Set<String> = []) {
        self.roles = roles
        self.clusterRoles = clusterRoles
    }
}
