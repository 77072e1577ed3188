import JSON
import Kubernetes
import Policy

/// What rules may ask about the cluster, from its API server.
///
/// Labels of namespaces are followed by a watch, the ConfigMaps and Secrets that policies name are each read or watched
/// by name, and role bindings are followed once a policy asks for roles. Secrets are never listed across namespaces.
/// While the API server is away decisions go on from what was known last.
public final class LiveFacts: ClusterFacts {
    /// What a dashboard wants to know.
    public struct Statistics: Sendable, Equatable {
        /// Namespaces whose labels are known.
        public var namespaces: Int
        /// Whether the API server is out of touch, so that labels may be old.
        public var isStale: Bool
        /// ConfigMaps and Secrets that are watched.
        public var watchedObjects: Int
        /// Role bindings that are known; 0 until a policy asks for roles.
        public var roleBindings: Int
    }

    /// How often watches are ended whose objects nobody asks for any more.
    private static let tidyingInterval = Duration.seconds(60)

    private let api: any KubernetesAPI
    private let pace: Pace
    private let namespaces = NamespaceLabels()
    private let configMaps: NamedObjects
    private let secrets: NamedObjects
    private let boundRoles: BoundRoles
    private let namespaceReads = SharedReads<String, Result<Value, APIFailure>>()
    private let objectReads = SharedReads<String, Result<Value, APIFailure>>()

    /// - Parameter namespace: our own, in which Secrets may be watched; elsewhere they are read by name at each use.
    public init(_ api: any KubernetesAPI, namespace: String, pace: Pace = .standard) {
        self.api = api
        self.pace = pace
        configMaps = NamedObjects(api, .configMaps, pace: pace)
        secrets = NamedObjects(api, .secrets, pace: pace) { $0.namespace == namespace }
        boundRoles = BoundRoles(api, pace: pace)
    }

    /// Follows the cluster until the task is cancelled. Without it, everything is asked for at each use.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [api, pace, namespaces] in
                await Reflector(api, .namespaces, pace: pace).run { namespaces.take($0) }
            }
            group.addTask { [pace, configMaps, secrets] in
                while !Task.isCancelled {
                    await pace.sleep(Self.tidyingInterval)
                    configMaps.endIdle()
                    secrets.endIdle()
                }
            }
        }
        configMaps.stop()
        secrets.stop()
        boundRoles.stop()
    }

    /// Whether the namespaces are known, so that labels need not be asked for.
    public var isSynced: Bool { namespaces.isKnown }

    public var statistics: Statistics {
        let (count, isStale) = namespaces.statistics
        return Statistics(
            namespaces: count, isStale: isStale, watchedObjects: configMaps.watched + secrets.watched,
            roleBindings: boundRoles.count)
    }

    // MARK: ClusterFacts

    public func knownNamespaceLabels(_ name: String) -> [String: String]? { namespaces.labels(of: name) }

    public func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
        if let labels = namespaces.labels(of: name) { return labels }
        // Made a moment ago, before the watch said so; or nothing is followed yet.
        let fact = "the labels of namespace \(name)"
        guard KubernetesName.isValid(name) else { throw .noName(fact) }
        let answer = await namespaceReads.answer(for: name) { [api] in
            await Self.result { () async throws(APIFailure) in try await api.get(.namespaces, ObjectName(name)) }
        }
        return NamespaceLabels.labels(of: try Self.value(answer, fact))
    }

    public func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
        try await object(name, namespace, "ConfigMap", in: configMaps)
    }

    public func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] {
        let object = try await object(name, namespace, "Secret", in: secrets)
        do throws(SecretDataError) {
            return try SecretData.decode(object)
        } catch {
            throw FactFailure(.unavailable, "Secret \(namespace)/\(name)", "\(error.field) is no base64")
        }
    }

    public func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
        try await boundRoles.roles(of: user)
    }

    public func object(at path: String) async throws(FactFailure) -> Value {
        let parsed = try APIPath(parsing: path)
        guard parsed.resource != "secrets" else {
            throw FactFailure(.forbidden, path, "Secrets are read for keys only")
        }
        // The API's older way to watch, whose answer has no end.
        guard parsed.resource != "watch" else {
            throw FactFailure(.forbidden, path, "a policy reads objects, and does not watch them")
        }
        // Asked for as it was understood, so that nothing but what was checked is read.
        let answer = await objectReads.answer(for: parsed.description) { [api] in
            await Self.result { () async throws(APIFailure) in try await api.document(at: parsed.description) }
        }
        return try Self.value(answer, path)
    }

    // MARK: Parts

    private func object(
        _ name: String, _ namespace: String, _ kind: String, in objects: NamedObjects
    ) async throws(FactFailure) -> Value {
        let fact = "\(kind) \(namespace)/\(name)"
        guard KubernetesName.isValid(name), KubernetesName.isValid(namespace) else { throw .noName(fact) }
        do throws(APIFailure) {
            return try await objects.object(ObjectName(name, namespace: namespace))
        } catch {
            throw FactFailure(error, fact)
        }
    }

    private static func result(
        _ read: () async throws(APIFailure) -> Value
    ) async -> Result<Value, APIFailure> {
        do throws(APIFailure) {
            return .success(try await read())
        } catch {
            return .failure(error)
        }
    }

    /// - Parameter answer: nil when nobody waited for it.
    private static func value(_ answer: Result<Value, APIFailure>?, _ fact: String) throws(FactFailure) -> Value {
        switch answer ?? .failure(.cancelled) {
        case .success(let value): return value
        case .failure(let failure): throw FactFailure(failure, fact)
        }
    }
}

extension FactFailure {
    init(_ failure: APIFailure, _ fact: String) {
        if failure.isNotFound {
            self.init(.notFound, fact, "there is no such object in the cluster")
        } else if failure.isForbidden {
            self.init(.forbidden, fact, "Countersign may not read it: \(failure)")
        } else {
            self.init(.unavailable, fact, "\(failure)")
        }
    }

    fileprivate static func noName(_ fact: String) -> FactFailure {
        FactFailure(.notFound, fact, "no object of Kubernetes is called so")
    }
}

/// What may stand in a path as the name of an object or of a namespace.
enum KubernetesName {
    /// Kubernetes' own limit (RFC 1123, subdomain).
    private static let maximumLength = 253

    /// RBAC's objects may also hold upper case and colons; the kinds that are read by name here may not.
    static func isValid(_ name: String) -> Bool {
        guard (1...maximumLength).contains(name.utf8.count), name != ".", name != ".." else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}
