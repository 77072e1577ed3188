import HTTPClient
import JSON

/// How we say who we are.
struct CredentialSource: Sendable, Hashable {
    enum Bearer: Sendable, Hashable {
        case token(Material)
        case basic(user: String, password: Secret)
        case plugin(ExecPlugin)
    }

    var bearer: Bearer?
    /// PEM. Both or neither.
    var certificate: Material?
    var key: Material?
    /// Whom to act as, as header lines (`Impersonate-User` and its kin).
    var impersonation: [Header] = []

    struct Header: Sendable, Hashable {
        let name: String
        let value: String
    }
}

/// What is shown with one request.
struct Identity: Sendable, Equatable {
    /// The value of `Authorization`.
    var authorization: Secret?
    var certificate: HTTPClient.ClientCertificate?
    /// PEM text of the only authorities to trust.
    var authorities: String?
}

extension CredentialSource {
    /// Reads everything that lies in files, and takes what a plugin said.
    func identity(_ answer: ExecPlugin.Answer?, authorities: Material?) throws(APIFailure) -> Identity {
        var identity = Identity()
        if let authorities { identity.authorities = try authorities.read("the CA file") }
        if let certificate, let key {
            identity.certificate = try HTTPClient.ClientCertificate(
                certificatePEM: certificate.read("the certificate"), privateKeyPEM: key.read("the key"))
        }
        switch bearer {
        case .token(let material):
            let token = try material.read("the token").trimmed
            guard Self.isToken(token) else { throw .credentials("the token is empty, or is no token") }
            identity.authorization = Secret("Bearer " + token)
        case .basic(let user, let password):
            identity.authorization = Secret("Basic " + Self.basic(user, password))
        case .plugin:
            if let token = answer?.token { identity.authorization = Secret("Bearer " + token.value) }
            if let pair = answer?.certificate { identity.certificate = pair }
        case nil: break
        }
        return identity
    }

    /// Visible ASCII: anything else would make two headers of one, or none.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

extension CredentialSource {
    private static func basic(_ user: String, _ password: Secret) -> String {
        Base64.encode(Array((user + ":" + password.value).utf8))
    }
}
