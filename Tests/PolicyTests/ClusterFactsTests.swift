import JSON
import Testing

@testable import Policy

@Suite struct ClusterFactsTests {
    private static let manifests = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: prod, labels: {env: prod, team: blue}}
        ---
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: ConfigMap
          metadata: {name: keys, namespace: prod}
          data: {production: a key}
        - apiVersion: v1
          kind: ConfigMap
          metadata: {name: keys}
          data: {production: another}
        ---
        apiVersion: v1
        kind: ConfigMapList
        items:
        - metadata: {name: more, namespace: prod}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: cosign, namespace: prod}
        data: {cosign.pub: aGVsbG8=, both: b25l}
        stringData: {both: two}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny, namespace: dev}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: a, namespace: prod}
        roleRef: {kind: Role, name: deployer}
        subjects: [{kind: User, name: ann}, {kind: ServiceAccount, name: robot}, {kind: Group, name: ops}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: b, namespace: prod}
        roleRef: {kind: ClusterRole, name: view}
        subjects: [{kind: ServiceAccount, name: robot, namespace: ci}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: c}
        roleRef: {kind: ClusterRole, name: cluster-admin}
        subjects: [{kind: Group, name: ops}, {kind: ServiceAccount, name: robot}]
        """

    private func facts(_ text: String = manifests) -> ManifestFacts {
        ManifestFacts(PolicyFiles(reading: ["-"], standardInput: { Array(text.utf8) }))
    }

    private func failure<Fact>(_ question: () async throws(FactFailure) -> Fact) async -> FactFailure.Kind? {
        do throws(FactFailure) {
            _ = try await question()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func labelsAndObjects() async throws {
        let facts = facts()
        #expect(facts.problems == [] && facts.count == 9)
        #expect(try await facts.namespaceLabels("prod") == ["env": "prod", "team": "blue"])
        #expect(try await facts.configMap("keys", namespace: "prod")["data"]?["production"]?.string == "a key")
        #expect(try await facts.configMap("keys", namespace: "default")["data"]?["production"]?.string == "another")
        #expect(await failure { () async throws(FactFailure) in try await facts.namespaceLabels("dev") } == .notFound)
        #expect(
            await failure { () async throws(FactFailure) in try await facts.configMap("keys", namespace: "dev") }
                == .notFound)
    }

    @Test func aNameIsNoPath() async throws {
        let facts = facts()
        for name in ["prod/configmaps/keys", "..", "", "prod/", "%70rod"] {
            #expect(await failure { () async throws(FactFailure) in try await facts.namespaceLabels(name) } != nil)
        }
        #expect(
            await failure { () async throws(FactFailure) in
                try await facts.configMap("keys", namespace: "dev/../prod")
            } != nil)
    }

    @Test func secretsAreDecodedAndKept() async throws {
        let facts = facts()
        let secret = try await facts.secret("cosign", namespace: "prod")
        #expect(secret == ["cosign.pub": Array("hello".utf8), "both": Array("two".utf8)])
        for path in ["/api/v1/namespaces/prod/secrets/cosign", "/api/v1/secrets", "/api/v1/namespaces/prod/secrets"] {
            #expect(await failure { () async throws(FactFailure) in try await facts.object(at: path) } == .forbidden)
        }
    }

    static let users: [(name: String, groups: [String], roles: Set<String>, clusterRoles: Set<String>)] = [
        ("ann", [], ["prod:deployer"], []), ("bob", ["ops"], ["prod:deployer"], ["cluster-admin"]), ("bob", [], [], []),
        // A group's name is no user's.
        ("ops", [], [], []),
        ("system:serviceaccount:prod:robot", [], ["prod:deployer"], []),
        ("system:serviceaccount:ci:robot", [], [], ["view"]),
        ("system:serviceaccount:dev:robot", [], [], []), ("robot", [], [], []),
    ]

    @Test(arguments: users) func roles(
        name: String, groups: [String], roles: Set<String>, clusterRoles: Set<String>
    ) async throws {
        let bound = try await facts().roles(of: UserInfo(username: name, groups: groups))
        #expect(bound == UserRoles(roles: roles, clusterRoles: clusterRoles))
    }

    @Test func pathsOfTheAPIServer() async throws {
        let facts = facts()
        #expect(try await facts.object(at: "/api/v1/namespaces/prod")["metadata"]?["name"]?.string == "prod")
        let one = "/api/v1/namespaces/prod/configmaps/keys"
        #expect(try await facts.object(at: one)["data"]?["production"]?.string == "a key")
        #expect(try await facts.object(at: "/api/v1/configmaps")["items"]?.count == 3)
        #expect(try await facts.object(at: "/api/v1/namespaces/prod/configmaps")["items"]?.count == 2)
        #expect(try await facts.object(at: "/api/v1/namespaces/dev/configmaps")["items"]?.count == 0)
        #expect(try await facts.object(at: "/apis/networking.k8s.io/v1/networkpolicies")["items"]?.count == 1)
        #expect(try await facts.object(at: "/api/v1/namespaces")["items"]?.count == 1)
        for path in ["/apis/networking.k8s.io/v2/networkpolicies", "/api/v1/pods", "/api/v1/namespaces/dev"] {
            #expect(
                await failure { () async throws(FactFailure) in try await facts.object(at: path) } == .notFound,
                "\(path)")
        }
        for path in [
            "", "api/v1/pods", "/api/v1", "/healthz", "/api/v1/pods?limit=1", "/api/v1//pods", "/api/v1/../v1/pods",
            "/api/v1/namespaces/prod/pods/a/log", "/api/v1/namespaces/%70rod/configmaps/keys", "/version",
        ] {
            #expect(
                await failure { () async throws(FactFailure) in try await facts.object(at: path) } == .forbidden,
                "\(path)")
        }
    }

    @Test func aNamespacedPolicyReadsItsNamespaceOnly() async throws {
        let facts = NamespacedFacts(facts(), namespace: "prod")
        #expect(try await facts.configMap("keys", namespace: "prod")["data"] != nil)
        #expect(try await facts.secret("cosign", namespace: "prod").count == 2)
        #expect(try await facts.namespaceLabels("prod").count == 2)
        #expect(try await facts.object(at: "/api/v1/namespaces/prod/configmaps")["items"]?.count == 2)
        #expect(try await facts.roles(of: UserInfo(username: "ann")).roles == ["prod:deployer"])
        #expect(
            await failure { () async throws(FactFailure) in try await facts.configMap("keys", namespace: "default") }
                == .forbidden)
        #expect(
            await failure { () async throws(FactFailure) in try await facts.secret("cosign", namespace: "dev") }
                == .forbidden)
        #expect(await failure { () async throws(FactFailure) in try await facts.namespaceLabels("dev") } == .forbidden)
        for path in [
            "/api/v1/configmaps", "/api/v1/namespaces", "/api/v1/namespaces/prod", "/api/v1/namespaces/dev/configmaps",
            "/api/v1/namespaces/prod/../dev/configmaps", "/apis/networking.k8s.io/v1/namespaces/dev/networkpolicies",
        ] {
            #expect(
                await failure { () async throws(FactFailure) in try await facts.object(at: path) } == .forbidden,
                "\(path)")
        }
    }

    static let refused: [(text: String, says: String)] = [
        ("kind: Namespace", "apiVersion and kind are needed"), ("{apiVersion: v1, kind: Secret}", "has no name"),
        ("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: '*'}}", "data[key]"),
        ("{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {key: 1}}", "stringData[key]"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a/b}}", "has no name"),
        ("{apiVersion: a/b/c, kind: ConfigMap, metadata: {name: a}}", "has no name"),
        (
            "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n"
                + "{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "is given twice"
        ),
        ("a: [", "line"),
    ]

    @Test(arguments: refused) func refuses(text: String, says: String) {
        let problems = facts(text).problems
        #expect(problems.count == 1 && problems[0].description.contains(says), "\(problems)")
    }

    @Test func rolesMayBeGiven() async throws {
        let given = UserRoles(roles: ["dev:tester"], clusterRoles: ["edit"])
        let both = try await GivenRoles(given, besides: facts()).roles(of: UserInfo(username: "ann"))
        #expect(both == UserRoles(roles: ["dev:tester", "prod:deployer"], clusterRoles: ["edit"]))
        // Nothing else is known then, and nothing else is asked.
        let alone = GivenRoles(given, besides: NoClusterFacts())
        #expect(try await alone.roles(of: UserInfo(username: "ann")) == given)
        #expect(
            await failure { () async throws(FactFailure) in try await alone.namespaceLabels("prod") } == .unavailable)
    }

    @Test func whatIsReadAgainCounts() async throws {
        let facts = FileClusterFacts(facts())
        #expect(try await facts.namespaceLabels("prod")["env"] == "prod")
        facts.use(self.facts("{apiVersion: v1, kind: Namespace, metadata: {name: prod, labels: {env: dev}}}"))
        #expect(try await facts.namespaceLabels("prod") == ["env": "dev"])
    }
}
