/// Whom the registry lets in.
public enum Authentication: Sendable {
    case none
    /// User name and password with each request (RFC 7617).
    case basic(user: String, password: String)
    /// Tokens from the registry's own token server (Docker token specification).
    case bearer(TokenRules)
}

/// How the token server gives out tokens.
public struct TokenRules: Sendable {
    /// In which member of the answer the token is.
    public enum Member: Sendable {
        case token
        case accessToken
        case both
    }

    /// Who may have tokens for everything; nil when everybody may.
    public var user: String?
    public var password: String
    /// Taken instead of a password by `POST` with `grant_type=refresh_token`.
    public var identityToken: String?
    /// Whether those who say no name get a token for pulling.
    public var allowsAnonymousPull: Bool
    /// How long a token counts. It is checked, and ``LocalRegistry/expireTokens()`` ends all at once.
    public var lifetime: Duration
    /// Whether the answer says how long.
    public var statesLifetime: Bool
    public var member: Member
    /// What the challenge names instead of the registry's own `/token`.
    public var realm: String?

    public init(
        user: String? = nil, password: String = "", identityToken: String? = nil, allowsAnonymousPull: Bool = true,
        lifetime: Duration = .seconds(300), statesLifetime: Bool = true, member: Member = .both, realm: String? = nil
    ) {
        self.user = user
        self.password = password
        self.identityToken = identityToken
        self.allowsAnonymousPull = allowsAnonymousPull
        self.lifetime = lifetime
        self.statesLifetime = statesLifetime
        self.member = member
        self.realm = realm
    }
}
