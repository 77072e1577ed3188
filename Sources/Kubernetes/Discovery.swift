import JSON
import Synchronization
import Waiting

/// The types that the API server has, which change as CRDs and aggregated APIs come and go.
///
/// Source: Kubernetes, "The Kubernetes API", Unaggregated discovery.
public final class Discovery: Sendable {
    /// How old an answer may be. It costs some thirty small requests.
    public static let lifetime = Duration.seconds(600)
    /// How old it must be to be asked for anew because a type was not in it.
    public static let shortestInterval = Duration.seconds(10)
    /// An API server with more groups than this is none.
    static let maximumVersions = 1_000

    private struct Known {
        let resources: [ResourceType]
        let at: ContinuousClock.Instant
    }

    private let api: any KubernetesAPI
    private let now: @Sendable () -> ContinuousClock.Instant
    private let known = Mutex<Known?>(nil)
    private let flights = Flights<Bool, Result<[ResourceType], APIFailure>>()

    public convenience init(_ api: any KubernetesAPI) { self.init(api, now: { .now }) }

    init(_ api: any KubernetesAPI, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.api = api
        self.now = now
    }

    /// All types, those of the core first, and of each group those of its preferred version first. Subresources are no
    /// types.
    ///
    /// A version whose API does not answer, as that of an aggregated server that is away, is left out.
    public func resources() async throws(APIFailure) -> [ResourceType] {
        try await resources(maximumAge: Self.lifetime)
    }

    /// The type of the objects that say `apiVersion` and `kind`; nil where there is none, or its API does not answer.
    public func resource(apiVersion: String, kind: String) async throws(APIFailure) -> ResourceType? {
        func find(in resources: [ResourceType]) -> ResourceType? {
            resources.first { $0.kind == kind && $0.apiVersion == apiVersion }
        }
        if let type = find(in: try await resources()) { return type }
        return find(in: try await resources(maximumAge: Self.shortestInterval))
    }

    /// Asks anew the next time.
    public func forget() { known.withLock { $0 = nil } }

    private func resources(maximumAge: Duration) async throws(APIFailure) -> [ResourceType] {
        if let known = known.withLock({ $0 }), now() < known.at + maximumAge { return known.resources }
        // Each of the requests is bounded, and so is their number; who leaves before is not waited for.
        let limit = ContinuousClock.now + .seconds(300)
        let result = await flights.value(for: true, until: limit) { [self] in
            do throws(APIFailure) {
                let resources = try await ask()
                let known = Known(resources: resources, at: now())
                self.known.withLock { $0 = known }
                return .success(resources)
            } catch {
                return .failure(error)
            }
        }
        guard let result else { throw Task.isCancelled ? .cancelled : .unreachable("discovery takes too long") }
        return try result.get()
    }

    private func ask() async throws(APIFailure) -> [ResourceType] {
        var versions: [(group: String, version: String)] = []
        for version in try await api.document(at: "/api").list("versions") {
            if let version = version.string { versions.append(("", version)) }
        }
        for group in try await api.document(at: "/apis").list("groups") {
            guard let name = group["name"]?.string else { continue }
            let all = group.list("versions").compactMap { $0["version"]?.string }
            let preferred = group["preferredVersion"]?["version"]?.string
            versions += (all.filter { $0 == preferred } + all.filter { $0 != preferred }).map { (name, $0) }
        }
        guard !versions.isEmpty, versions.count <= Self.maximumVersions else {
            throw .malformed("an API of \(versions.count) versions")
        }
        var resources: [ResourceType] = []
        var failure: APIFailure?
        for (group, version) in versions {
            let path = try RequestPath.version(group: group, version)
            do throws(APIFailure) {
                resources += try await api.document(at: path).list("resources").compactMap {
                    ResourceType($0, group: group, version: version)
                }
            } catch .cancelled {
                throw .cancelled
            } catch {
                failure = error
            }
        }
        // One that does not answer may be away; where none does, the API server is.
        if let failure, resources.isEmpty { throw failure }
        return resources
    }
}

extension ResourceType {
    /// An entry of an APIResourceList; nil for subresources, as `pods/status`.
    fileprivate init?(_ entry: Value, group: String, version: String) {
        guard let plural = entry["name"]?.string, !plural.isEmpty, !plural.contains("/"),
            let kind = entry["kind"]?.string, !kind.isEmpty, let isNamespaced = entry["namespaced"]?.boolean
        else { return nil }
        self.init(group: group, version: version, plural: plural, kind: kind, isNamespaced: isNamespaced)
    }
}
