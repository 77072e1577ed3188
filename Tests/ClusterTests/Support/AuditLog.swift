import Foundation

/// What the API server itself wrote down about the requests of our service account: the count of writes that does not
/// depend on our own.
struct AuditLog: Sendable {
    struct Entry: Decodable, Sendable, CustomStringConvertible {
        struct Object: Decodable, Sendable {
            var resource: String?
            var namespace: String?
            var name: String?
            var subresource: String?
        }
        struct Status: Decodable, Sendable { var code: Int? }
        struct User: Decodable, Sendable {
            var username: String?
            var extra: [String: [String]]?
        }

        var stage: String
        var verb: String
        var requestURI: String
        var user: User
        var objectRef: Object?
        var responseStatus: Status?
        var annotations: [String: String]?

        var resource: String {
            [objectRef?.resource, objectRef?.subresource].compactMap(\.self).joined(separator: "/")
        }
        var code: Int { responseStatus?.code ?? 0 }
        var isWrite: Bool { ["create", "update", "patch", "delete", "deletecollection"].contains(verb) }
        /// The pod that the token is bound to: each replica has one.
        var replica: String { user.extra?["authentication.kubernetes.io/pod-name"]?.first ?? "" }
        /// RBAC said no: a permission that deploy/ does not give.
        var wasForbidden: Bool { annotations?["authorization.k8s.io/decision"] == "forbid" }

        var description: String { "\(replica) \(verb) \(requestURI) \(code)" }
    }

    let path: String

    /// Where the log ends now: what comes later is read from there.
    func mark() -> Int { (try? Data(contentsOf: URL(filePath: path)).count) ?? 0 }

    /// The finished requests since a mark, watches left out until they end.
    func entries(since mark: Int = 0) throws -> [Entry] {
        let text = try Data(contentsOf: URL(filePath: path)).dropFirst(mark)
        // The last line may still be in the writing.
        guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        return try text[..<end].split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Entry.self, from: Data($0))
        }.filter { $0.stage == "ResponseComplete" }
    }

    func writes(since mark: Int = 0) throws -> [Entry] { try entries(since: mark).filter(\.isWrite) }

    /// What RBAC refused since a mark, each once.
    func forbidden(since mark: Int = 0) throws -> Set<String> {
        Set(try entries(since: mark).filter(\.wasForbidden).map { "\($0.verb) \($0.resource) \($0.requestURI)" })
    }
}
