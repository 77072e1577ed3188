import JSON
import YAML

/// What manifests say about a cluster: an immutable answer to every question, for use without an API server.
///
/// Objects of any kind may be among them. Those that were never written are not there: a question about one is a
/// failure, as it is about an object that a cluster lacks.
public struct ManifestFacts: Sendable {
    /// More objects than most clusters have; the memory that facts take is bounded by it.
    public static let maximumObjects = 100_000

    /// Why some manifests cannot be taken for facts.
    public private(set) var problems: [PolicyProblem] = []

    private struct Object {
        let manifest: Value
        let file: String
    }

    private var objects: [APIPath: Object] = [:]
    /// The objects of one kind, in the order of the manifests, by the path of their list in all namespaces.
    private var lists: [APIPath: [APIPath]] = [:]
    private var secrets: [APIPath: [String: [UInt8]]] = [:]
    private var bindings: [RoleBindingFacts] = []

    /// Nothing is known.
    public init() {}

    /// Reads manifests, several documents and Lists too.
    public init(_ files: PolicyFiles) {
        problems = files.problems
        for file in files.files {
            do throws(YAMLError) {
                for document in try YAML.documents(file.bytes) { add(document.root, from: file.path, defaults: nil) }
            } catch {
                problems.append(PolicyProblem(file: file.path, reason: error.description))
            }
        }
    }

    /// How many objects are known.
    public var count: Int { objects.count }

    private mutating func add(_ value: Value, from file: String, defaults: (apiVersion: String, kind: String)?) {
        guard let kind = value["kind"]?.string ?? defaults?.kind,
            let apiVersion = value["apiVersion"]?.string ?? defaults?.apiVersion
        else {
            let reason = "is no Kubernetes object; apiVersion and kind are needed"
            problems.append(PolicyProblem(file: file, reason: reason))
            return
        }
        if let items = value["items"], kind.hasSuffix("List") {
            let item = kind == "List" ? nil : (apiVersion: apiVersion, kind: String(kind.dropLast(4)))
            for element in items.elements { add(element, from: file, defaults: item) }
            return
        }
        let name = value["metadata"]?["name"]?.string ?? ""
        guard let list = ResourceKind.list(of: kind, apiVersion: apiVersion),
            let path = list.element(name, namespace: ResourceKind.namespace(of: value, kind: kind))
        else {
            problems.append(PolicyProblem(file: file, policy: kind, reason: "has no name that a cluster would take"))
            return
        }
        guard objects.count < Self.maximumObjects else {
            let reason = "is one more than the \(Self.maximumObjects) objects that fit; leave out what no rule asks for"
            problems.append(PolicyProblem(file: file, policy: "\(path)", reason: reason))
            return
        }
        if let known = objects.updateValue(Object(manifest: value, file: file), forKey: path) {
            problems.append(
                PolicyProblem(file: file, policy: "\(path)", reason: "is given twice; it also stands in \(known.file)"))
            return
        }
        lists[list, default: []].append(path)
        read(value, path, from: file)
    }

    /// What is asked about by more than its path.
    private mutating func read(_ value: Value, _ path: APIPath, from file: String) {
        switch (path.group, path.resource) {
        case ("", "secrets"):
            do throws(SecretDataError) {
                secrets[path] = try SecretData.decode(value)
            } catch {
                problems.append(
                    PolicyProblem(file: file, policy: "\(path)", path: error.field, reason: "is no base64; encode it"))
            }
        case ("rbac.authorization.k8s.io", "rolebindings"), ("rbac.authorization.k8s.io", "clusterrolebindings"):
            bindings.append(RoleBindingFacts(value, namespace: path.namespace))
        default: break
        }
    }
}

// MARK: - Questions

extension ManifestFacts: ClusterFacts {
    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        let namespace = try object("the labels of namespace \(name)", Self.core("namespaces", name, namespace: nil))
        var labels: [String: String] = [:]
        for (key, value) in namespace["metadata"]?["labels"]?.members.map({ $0 }) ?? [] { labels[key] = value.string }
        return labels
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try object("ConfigMap \(namespace)/\(name)", Self.core("configmaps", name, namespace: namespace))
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        let fact = "Secret \(namespace)/\(name)"
        guard let path = Self.core("secrets", name, namespace: namespace), let data = secrets[path] else {
            throw Self.missing(fact)
        }
        return data
    }

    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        var roles = UserRoles()
        for binding in bindings where binding.binds(user) { binding.add(to: &roles) }
        return roles
    }

    public func object(at path: String) async throws(FactFailure) -> Value {
        let parsed = try APIPath(parsing: path)
        guard parsed.resource != "secrets" else {
            throw FactFailure(.forbidden, path, "Secrets are read for keys only")
        }
        guard parsed.name == nil else { return try object(path, parsed) }
        return try list(parsed)
    }

    private func object(_ fact: String, _ path: APIPath?) throws(FactFailure) -> Value {
        guard let path, let object = objects[path] else { throw Self.missing(fact) }
        return object.manifest
    }

    /// An object of the core group; nil when the names are none, and never the path of another object.
    private static func core(_ resource: String, _ name: String, namespace: String?) -> APIPath? {
        APIPath(group: "", version: "v1", resource: resource).element(name, namespace: namespace)
    }

    /// A list as the API server gives it. Of a kind that no manifest is of, nothing is known.
    private func list(_ path: APIPath) throws(FactFailure) -> Value {
        guard let members = lists[path.inAllNamespaces] else { throw Self.missing("\(path)") }
        var writer = Writer()
        writer.beginObject()
        writer.key("kind")
        writer.string("List")
        writer.key("apiVersion")
        writer.string(path.group.isEmpty ? path.version : path.group + "/" + path.version)
        writer.key("items")
        writer.beginArray()
        for member in members where path.namespace == nil || member.namespace == path.namespace {
            if let object = objects[member] { writer.value(object.manifest) }
        }
        writer.endArray()
        writer.endObject()
        do throws(ParseError) {
            return try Document(writer.bytes, limits: Self.listLimits).root
        } catch {
            throw FactFailure(.unavailable, "\(path)", error.description)
        }
    }

    /// A list is made of manifests that were parsed before, and is larger than each of them.
    private static let listLimits = ParseLimits(maximumBytes: 64 << 20)

    private static func missing(_ fact: String) -> FactFailure {
        FactFailure(.notFound, fact, "there is no such object among the manifests of --cluster-facts")
    }
}
