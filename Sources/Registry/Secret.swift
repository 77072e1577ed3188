/// A text that is sent and never shown: not by description, not by dump, not inside another value's.
struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let value: String

    init(_ value: String) { self.value = value }

    var description: String { "(secret)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a registry is shown to let us in.
enum Credentials: Sendable, Hashable {
    case anonymous
    case basic(user: String, password: Secret)
    /// Traded for access tokens at the registry's token server (OAuth 2 refresh token).
    case identityToken(Secret)

    var isIdentityToken: Bool {
        if case .identityToken = self { true } else { false }
    }

    /// How long its texts are.
    var textBytes: Int {
        switch self {
        case .anonymous: 0
        case .basic(let user, let password): user.utf8.count + password.value.utf8.count
        case .identityToken(let token): token.value.utf8.count
        }
    }
}
