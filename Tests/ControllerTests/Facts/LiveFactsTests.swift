import JSON
import Kubernetes
import LocalCluster
import Policy
import Testing

@testable import Cluster

@Suite("What rules ask about the cluster, from its API server")
struct LiveFactsTests {
    private let cluster = LocalCluster()
    private let facts: LiveFacts

    init() throws {
        facts = LiveFacts(cluster, namespace: "countersign", pace: .quick)
        try cluster.put(.namespaces, #"{"metadata":{"name":"prod","labels":{"env":"prod","team":""}}}"#)
        try cluster.put(.namespaces, #"{"metadata":{"name":"bare"}}"#)
    }

    private func failure<Fact>(_ ask: () async throws -> Fact) async -> FactFailure? {
        do {
            _ = try await ask()
            return nil
        } catch {
            return error as? FactFailure
        }
    }

    // MARK: Namespaces

    @Test("Labels are followed, and known without asking")
    func labels() async throws {
        #expect(facts.knownNamespaceLabels("prod") == nil && !facts.isSynced)
        #expect(try await facts.namespaceLabels("prod") == ["env": "prod", "team": ""])
        let running = Task { await facts.run() }
        defer { running.cancel() }
        try await untilTrue { facts.isSynced }
        cluster.forgetRequests()
        #expect(facts.knownNamespaceLabels("prod") == ["env": "prod", "team": ""])
        #expect(facts.knownNamespaceLabels("bare") == [:])
        #expect(try await facts.namespaceLabels("bare") == [:])
        #expect(cluster.reads.filter { $0.hasPrefix("get") }.isEmpty)
        #expect(facts.statistics.namespaces == 2)

        try cluster.put(.namespaces, #"{"metadata":{"name":"prod","labels":{"env":"dev"}}}"#)
        try await untilTrue { facts.knownNamespaceLabels("prod") == ["env": "dev"] }
        cluster.remove(.namespaces, ObjectName("bare"))
        try await untilTrue { facts.knownNamespaceLabels("bare") == nil }
        #expect(await failure { try await facts.namespaceLabels("bare") }?.kind == .notFound)
    }

    @Test("What is known stays while the API server is away, and a lost version is listed again")
    func away() async throws {
        let running = Task { await facts.run() }
        defer { running.cancel() }
        try await untilTrue { facts.isSynced }
        cluster.fail { _ in .unreachable("gone") }
        cluster.cutWatches(with: .unreachable("gone"))
        try await untilTrue { facts.statistics.isStale }
        #expect(facts.knownNamespaceLabels("prod") == ["env": "prod", "team": ""])
        #expect(await failure { try await facts.namespaceLabels("new") }?.kind == .unavailable)
        try cluster.put(.namespaces, #"{"metadata":{"name":"new","labels":{"a":"b"}}}"#)
        cluster.compact()
        cluster.fail(nil)
        try await untilTrue { facts.knownNamespaceLabels("new") == ["a": "b"] && !facts.statistics.isStale }
        #expect(facts.knownNamespaceLabels("prod") != nil)
    }

    @Test("Whatever says that there are no namespaces is not believed")
    func absentNamespaces() async throws {
        let running = Task { await facts.run() }
        defer { running.cancel() }
        try await untilTrue { facts.isSynced }
        cluster.fail { _ in .status(404, reason: "", message: "") }
        cluster.cutWatches()
        try await untilTrue { facts.statistics.isStale }
        #expect(facts.knownNamespaceLabels("prod") == ["env": "prod", "team": ""])
        cluster.fail(nil)
        try await untilTrue { !facts.statistics.isStale }
    }

    @Test("A namespace that the watch has not told of yet is asked for")
    func unknown() async throws {
        cluster.fail { $0.verb == "get" ? nil : .status(403, reason: "Forbidden", message: "no") }
        #expect(try await facts.namespaceLabels("prod") == ["env": "prod", "team": ""])
        #expect(await failure { try await facts.namespaceLabels("../x") }?.kind == .notFound)
        cluster.fail { _ in .status(403, reason: "Forbidden", message: "no") }
        let refused = await failure { try await facts.namespaceLabels("prod") }
        #expect(refused?.kind == .forbidden)
        #expect(refused?.reason == "Countersign may not read it: no")
    }

    // MARK: Named objects

    @Test("A ConfigMap is watched by its name from its first use on")
    func configMaps() async throws {
        try cluster.put(.configMaps, "keys", in: "prod", "a", "1")
        try cluster.put(.configMaps, "other", in: "prod", "a", "2")
        func value() async throws -> String? {
            try await facts.configMap("keys", namespace: "prod")["data"]?["a"]?.string
        }
        #expect(try await value() == "1")
        try await untilTrue { cluster.requests.contains { $0.verb == "watch" } }
        try await untilAnsweredWithoutReading { _ = try await value() }
        try cluster.put(.configMaps, "keys", in: "prod", "a", "3")
        for _ in 0..<2000 where try await value() != "3" { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try await value() == "3")
        #expect(facts.statistics.watchedObjects == 1)
        #expect(cluster.requests.filter { $0.verb == "list" }.map(\.name) == ["prod"])
        cluster.remove(.configMaps, ObjectName("keys", namespace: "prod"))
        for _ in 0..<2000 where await failure({ try await value() }) == nil {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(await failure { try await value() }?.kind == .notFound)
        #expect(await failure { try await facts.configMap("a/b", namespace: "prod") }?.kind == .notFound)
    }

    private func untilAnsweredWithoutReading(_ ask: () async throws -> Void) async throws {
        for _ in 0..<2000 {
            let before = cluster.reads.filter { $0.hasPrefix("get") }.count
            try await ask()
            if cluster.reads.filter({ $0.hasPrefix("get") }).count == before { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it is read each time")
    }

    @Test("A Secret of another namespace is read at each use, and never listed")
    func secrets() async throws {
        try cluster.put(.secrets, "cosign", in: "prod", "cosign.pub", "old")
        #expect(try await facts.secret("cosign", namespace: "prod") == ["cosign.pub": Array("old".utf8)])
        try cluster.put(.secrets, "cosign", in: "prod", "cosign.pub", "new")
        #expect(try await facts.secret("cosign", namespace: "prod") == ["cosign.pub": Array("new".utf8)])
        #expect(cluster.reads == ["get secrets prod/cosign", "get secrets prod/cosign"])
        cluster.fail { _ in .unreachable("gone") }
        #expect(try await facts.secret("cosign", namespace: "prod") == ["cosign.pub": Array("new".utf8)])
        cluster.fail(nil)
        try cluster.put(.secrets, #"{"metadata":{"name":"bad","namespace":"prod"},"data":{"a":"%"}}"#)
        #expect(await failure { try await facts.secret("bad", namespace: "prod") }?.reason == "data[a] is no base64")
    }

    @Test("A Secret of our own namespace is watched; what may not be watched is read")
    func ownSecrets() async throws {
        try cluster.put(.secrets, "key", in: "countersign", "k", "1")
        try await untilAnsweredWithoutReading { _ = try await facts.secret("key", namespace: "countersign") }
        #expect(cluster.requests.filter { $0.verb == "list" }.allSatisfy { $0.name == "countersign" })

        try cluster.put(.configMaps, "closed", in: "prod", "a", "1")
        cluster.fail { $0.verb == "get" ? nil : .status(403, reason: "Forbidden", message: "no") }
        for _ in 0..<3 { _ = try await facts.configMap("closed", namespace: "prod") }
        try await untilTrue { facts.statistics.watchedObjects == 1 }
        let asked = cluster.requests.filter { $0.verb == "list" && $0.type == .configMaps }.count
        for _ in 0..<3 { _ = try await facts.configMap("closed", namespace: "prod") }
        #expect(cluster.requests.filter { $0.verb == "list" && $0.type == .configMaps }.count == asked)
    }

    @Test("While the watch is out of touch it is read, and what was known serves when nobody can be asked")
    func staleObjects() async throws {
        try cluster.put(.configMaps, "keys", in: "prod", "a", "1")
        func value() async throws -> String? {
            try await facts.configMap("keys", namespace: "prod")["data"]?["a"]?.string
        }
        try await untilAnsweredWithoutReading { _ = try await value() }
        cluster.fail { $0.verb == "get" ? nil : .unreachable("gone") }
        cluster.cutWatches(with: .unreachable("gone"))
        try cluster.put(.configMaps, "keys", in: "prod", "a", "2")
        for _ in 0..<2000 where try await value() != "2" { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try await value() == "2")
        cluster.fail { _ in .unreachable("gone") }
        #expect(try await value() == "2")
    }

    @Test("Names of many objects do not make many watches")
    func bounds() async throws {
        let clock = TestClock()
        let objects = NamedObjects(cluster, .configMaps, pace: .quick, now: clock.now)
        for index in 0..<(NamedObjects.maximumWatches + 5) {
            _ = try? await objects.object(ObjectName("n\(index)", namespace: "prod"))
        }
        #expect(objects.watched == NamedObjects.maximumWatches)
        clock.advance(by: NamedObjects.idleTime)
        try cluster.put(.configMaps, "late", in: "prod", "a", "1")
        let late = ObjectName("late", namespace: "prod")
        try await untilAnsweredWithoutReading { _ = try await objects.object(late) }
        #expect(objects.watched == NamedObjects.maximumWatches)
        objects.stop()
        #expect(objects.watched == 0)
        _ = try await objects.object(late)
        #expect(objects.watched == 0)
    }

    // MARK: Roles

    private func bind(_ name: String, in namespace: String?, _ kind: String, _ role: String, _ subjects: String) throws
    {
        let place = namespace.map { #","namespace":"\#($0)""# } ?? ""
        try cluster.put(
            namespace == nil ? .clusterRoleBindings : .roleBindings,
            #"""
            {"metadata":{"name":"\#(name)"\#(place)},"roleRef":{"kind":"\#(kind)","name":"\#(role)"},
            "subjects":[\#(subjects)]}
            """#)
    }

    @Test("Role bindings are followed from the first question on")
    func roles() async throws {
        try bind("a", in: "prod", "Role", "deployer", #"{"kind":"User","name":"ann"},{"kind":"Group","name":"ops"}"#)
        try bind("b", in: "prod", "ClusterRole", "view", #"{"kind":"ServiceAccount","name":"robot"}"#)
        try bind("c", in: nil, "ClusterRole", "admin", #"{"kind":"Group","name":"ops"}"#)
        #expect(cluster.requests.isEmpty)
        let ann = UserInfo(username: "ann", groups: ["ops", "x"])
        #expect(try await facts.roles(of: ann) == UserRoles(roles: ["prod:deployer"], clusterRoles: ["admin"]))
        let robot = UserInfo(username: "system:serviceaccount:prod:robot")
        #expect(try await facts.roles(of: robot) == UserRoles(clusterRoles: ["view"]))
        #expect(try await facts.roles(of: UserInfo(username: "eve")) == UserRoles())
        #expect(cluster.requests.filter { $0.verb == "list" }.count == 2)

        cluster.remove(.clusterRoleBindings, ObjectName("c"))
        try bind("a", in: "prod", "Role", "deployer", #"{"kind":"User","name":"bob"}"#)
        for _ in 0..<2000 where try await facts.roles(of: ann) != UserRoles() {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try await facts.roles(of: ann) == UserRoles())
        #expect(try await facts.roles(of: UserInfo(username: "bob")).roles == ["prod:deployer"])
        #expect(facts.statistics.roleBindings == 2)

        cluster.cutWatches()
        cluster.compact()
        try bind("d", in: "dev", "Role", "reader", #"{"kind":"User","name":"ann"}"#)
        for _ in 0..<2000 where try await facts.roles(of: ann).roles.isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try await facts.roles(of: ann).roles == ["dev:reader"])
        #expect(facts.statistics.roleBindings == 3)
    }

    @Test("Roles that may not be asked for are a failure, and known ones outlive the API server's absence")
    func noRoles() async throws {
        cluster.fail { _ in .status(403, reason: "Forbidden", message: "no") }
        let ann = UserInfo(username: "ann")
        #expect(await failure { try await facts.roles(of: ann) }?.kind == .forbidden)
        cluster.fail(nil)
        for _ in 0..<2000 where await failure({ try await facts.roles(of: ann) }) != nil {
            try await Task.sleep(for: .milliseconds(5))
        }
        cluster.fail { _ in .unreachable("gone") }
        cluster.cutWatches(with: .unreachable("gone"))
        #expect(try await facts.roles(of: ann) == UserRoles())
    }

    // MARK: Objects

    @Test("Objects are read by their paths, and Secrets are not")
    func objects() async throws {
        try cluster.serve(#"{"kind":"Deployment"}"#, at: "/apis/apps/v1/namespaces/prod/deployments/web")
        let object = try await facts.object(at: "/apis/apps/v1/namespaces/prod/deployments/web")
        #expect(object["kind"]?.string == "Deployment")
        for path in [
            "/api/v1/secrets", "/api/v1/namespaces/prod/secrets", "/api/v1/namespaces/prod/secrets/x",
            "/api/v1/watch/secrets", "/api/v1/watch/namespaces/prod/secrets", "/api/v1/pods?watch=1", "/metrics",
            "/api/v1/namespaces/prod/secrets/../configmaps",
        ] {
            #expect(await failure { try await facts.object(at: path) }?.kind == .forbidden, "\(path)")
        }
        #expect(cluster.requests.count == 1)
        #expect(await failure { try await facts.object(at: "/api/v1/nodes/n") }?.kind == .notFound)
    }
}
