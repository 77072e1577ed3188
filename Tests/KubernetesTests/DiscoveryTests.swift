import JSON
import LocalCluster
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Discovery", .timeLimit(.minutes(1)))
struct DiscoveryTests {
    private let cluster: LocalCluster
    private let clock = Clock()

    init() throws {
        cluster = LocalCluster()
        try cluster.serve(#"{"versions":["v1"]}"#, at: "/api")
        try cluster.serve(
            #"{"groups":[{"name":"apps","versions":[{"version":"v1beta1"},{"version":"v1"}],"preferredVersion":{"version":"v1"}},{"name":"metrics.k8s.io","versions":[{"version":"v1"}]}]}"#,
            at: "/apis")
        try cluster.serve(
            #"{"resources":[{"name":"pods","kind":"Pod","namespaced":true},{"name":"pods/status","kind":"Pod","namespaced":true},{"name":"nodes","kind":"Node","namespaced":false},{"name":"odd"}]}"#,
            at: "/api/v1")
        let deployments = #"{"resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]}"#
        try cluster.serve(deployments, at: "/apis/apps/v1")
        try cluster.serve(deployments, at: "/apis/apps/v1beta1")
    }

    @Test(
        "Requests are counted by what they are about, however many names there are",
        arguments: [
            ("/api", "discovery"), ("/apis/apps/v1", "discovery"), ("/api/v1/pods?limit=1", "pods"),
            ("/api/v1/namespaces/prod", "namespaces"), ("/api/v1/namespaces/prod/configmaps/keys", "configmaps"),
            ("/apis/apps/v1/namespaces/prod/deployments/web/scale", "deployments.apps"), ("/version", "apiCall"),
            ("/api/v1/Not%20One/x", "apiCall"),
        ])
    func labels(path: String, label: String) { #expect(RequestPath.label(of: path) == label) }

    @Test("All types, the preferred version first, without what does not answer")
    func all() async throws {
        let discovery = Discovery(cluster)
        let all = try await discovery.resources()
        #expect(
            all.map { "\($0.apiVersion) \($0.plural) \($0.isNamespaced)" } == [
                "v1 pods true", "v1 nodes false", "apps/v1 deployments true", "apps/v1beta1 deployments true",
            ])
        #expect(all.first == .pods)
    }

    @Test("The answer is kept, and asked for again when it is old, or a type is missing in it")
    func memory() async throws {
        let clock = clock
        let discovery = Discovery(cluster, now: clock.surroundings.now)
        #expect(try await discovery.resource(apiVersion: "apps/v1", kind: "Deployment")?.plural == "deployments")
        let count = cluster.requests.count
        #expect(try await discovery.resource(apiVersion: "v1", kind: "Node")?.isNamespaced == false)
        // Not there, and asked a moment ago.
        #expect(try await discovery.resource(apiVersion: "apps/v1", kind: "Node") == nil)
        #expect(cluster.requests.count == count)
        try cluster.serve(
            #"{"resources":[{"name":"pods","kind":"PodMetrics","namespaced":true}]}"#, at: "/apis/metrics.k8s.io/v1")
        clock.advance(by: Discovery.shortestInterval)
        #expect(try await discovery.resource(apiVersion: "metrics.k8s.io/v1", kind: "PodMetrics") != nil)
        #expect(cluster.requests.count == count * 2)
        clock.advance(by: Discovery.lifetime)
        _ = try await discovery.resources()
        #expect(cluster.requests.count == count * 3)
        discovery.forget()
        _ = try await discovery.resources()
        #expect(cluster.requests.count == count * 4)
    }

    @Test("An API server that is away is a failure, and no empty list")
    func away() async throws {
        let discovery = Discovery(cluster)
        cluster.fail { _ in .unreachable("refused") }
        #expect(
            await failure { () async throws(APIFailure) in try await discovery.resources() } == .unreachable("refused"))
        cluster.fail { $0.name.count > "/apis".count ? .unreachable("later") : nil }
        #expect(
            await failure { () async throws(APIFailure) in try await discovery.resources() } == .unreachable("later"))
        cluster.fail(nil)
        #expect(try await discovery.resources().count == 4)
        try cluster.serve("{}", at: "/api")
        try cluster.serve("{}", at: "/apis")
        discovery.forget()
        #expect(
            await failure { () async throws(APIFailure) in try await discovery.resources() }
                == .malformed("an API of 0 versions"))
    }
}
