/// A path of the API server, as `/api/v1/namespaces/prod/configmaps/keys` or `/apis/apps/v1/deployments`.
///
/// Strict: nothing in it is encoded, empty or `..`, so that a path means to the API server what it means here.
///
/// Source: Kubernetes, "Kubernetes API Concepts", Resource URIs.
public struct APIPath: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    public let group: String
    public let version: String
    /// Nil for all namespaces, and for objects of the cluster.
    public let namespace: String?
    /// The resource in plural, as `configmaps`.
    public let resource: String
    /// Nil for the list of all.
    public let name: String?

    /// - Throws: a sentence about what is wrong with the path.
    public init(parsing path: String) throws(FactFailure) {
        func refused(_ reason: String) -> FactFailure { FactFailure(.forbidden, path, reason) }
        guard path.hasPrefix("/") else { throw refused("a path of the API server begins with /api/ or /apis/") }
        guard path.utf8.allSatisfy(Self.isPlain) else {
            throw refused("a path of the API server holds letters, digits, dots, dashes, colons and slashes only")
        }
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...]
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw refused("an element of the path is empty or made of dots")
        }

        // (1) Group and version.
        switch parts.popFirst() {
        case "api"?: group = ""
        case "apis"?: group = parts.popFirst() ?? ""
        default: throw refused("a path of the API server begins with /api/ or /apis/")
        }
        guard let version = parts.popFirst() else { throw refused("the path ends before a version") }
        self.version = version

        // (2) A namespace, unless the namespaces themselves are meant.
        if parts.first == "namespaces", parts.count > 2 {
            parts.removeFirst()
            namespace = parts.popFirst()
        } else {
            namespace = nil
        }

        // (3) The resource, and the name of one.
        guard let resource = parts.popFirst() else { throw refused("the path ends before a resource") }
        self.resource = resource
        name = parts.popFirst()
        guard parts.isEmpty else { throw refused("subresources are not read") }
    }

    /// The list of a resource, in all namespaces.
    init(group: String, version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
        namespace = nil
        name = nil
    }

    public var description: String {
        let start = group.isEmpty ? "/api" : "/apis/\(group)"
        let place = namespace.map { "/namespaces/\($0)" } ?? ""
        return "\(start)/\(version)\(place)/\(resource)\(name.map { "/" + $0 } ?? "")"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
