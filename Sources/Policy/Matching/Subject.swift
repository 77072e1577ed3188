import Matching

/// Who sent a request: one item of `subjects`. Names take globs.
///
/// Source: spec/verify-images.md, "Which requests a rule looks at"; Kubernetes, rbac.authorization.k8s.io Subject.
public enum Subject: Sendable, Hashable {
    case user(Glob)
    case group(Glob)
    /// By the user name that Kubernetes gives it: `system:serviceaccount:namespace:name`.
    case serviceAccount(Glob)

    static func serviceAccount(_ name: String, namespace: String) -> Subject {
        .serviceAccount(Glob("system:serviceaccount:\(namespace):\(name)"))
    }

    func matches(_ user: UserInfo) -> Bool {
        switch self {
        case .user(let name), .serviceAccount(let name): name.matches(user.username)
        case .group(let name): user.groups.contains(where: name.matches)
        }
    }
}
