import JSON
import Kubernetes
import LocalCluster
import OCI
import Policy
import Testing

@testable import Cluster
@testable import Registry

@Suite("The pull secrets of Pods")
struct LivePullSecretsTests {
    private let cluster = LocalCluster()
    private let clock = TestClock()
    private let secrets: LivePullSecrets

    init() throws {
        secrets = LivePullSecrets(cluster, namespace: "countersign", now: clock.now)
        try cluster.putPullSecret("a", in: "team", for: "a.example", "ann", "1")
        try cluster.putPullSecret("b", in: "team", for: "b.example", "bob", "2")
        try cluster.putPullSecret("a", in: "other", for: "a.example", "otto", "3")
        try cluster.put(
            .serviceAccounts, #"{"metadata":{"name":"robot","namespace":"team"},"imagePullSecrets":[{"name":"b"}]}"#)
    }

    private func names(_ secrets: [String], _ account: String = "default", in namespace: String = "team")
        -> PullSecretNames
    { PullSecretNames(namespace: namespace, secrets: secrets, serviceAccount: account) }

    private func users(_ keychain: Keychain, _ repository: String) throws -> [String] {
        try keychain.credentials(for: Repository(parsing: repository)).map { credentials in
            if case .basic(let user, _) = credentials { user } else { "?" }
        }
    }

    @Test("Those of the Pod and of its account, from its own namespace")
    func both() async throws {
        let keychain = await secrets.keychain(names(["a"], "robot"), anew: false)
        #expect(try users(keychain, "a.example/x") == ["ann"])
        #expect(try users(keychain, "b.example/x") == ["bob"])
        #expect(keychain.problems.isEmpty)
        let other = await secrets.keychain(names(["a"], "robot", in: "other"), anew: false)
        #expect(try users(other, "a.example/x") == ["otto"])
        #expect(try users(other, "b.example/x") == [])
        // Nothing was listed, and nothing of a third namespace read.
        #expect(cluster.requests.allSatisfy { $0.verb == "get" })
        #expect(cluster.reads.allSatisfy { $0.contains(" team/") || $0.contains(" other/") })
    }

    @Test("What was read serves a burst, and lookups for a while; an account is asked once in that time")
    func memory() async throws {
        let names = names([])
        #expect(secrets.remembered(names) == nil)
        for _ in 0..<5 { _ = await secrets.keychain(names, anew: false) }
        #expect(cluster.reads == ["get serviceaccounts team/default"])
        #expect(secrets.remembered(names) == .empty)
        clock.advance(by: LivePullSecrets.freshness)
        _ = await secrets.keychain(names, anew: false)
        #expect(cluster.reads.count == 1)

        _ = await secrets.keychain(self.names(["a"]), anew: false)
        #expect(cluster.reads.count == 2)
        clock.advance(by: LivePullSecrets.freshness)
        #expect(secrets.remembered(self.names(["a"])) != nil)
        _ = await secrets.keychain(self.names(["a"]), anew: false)
        #expect(cluster.reads.suffix(2) == ["get secrets team/a", "get secrets team/a"])
        clock.advance(by: LivePullSecrets.memory)
        #expect(secrets.remembered(self.names(["a"])) == nil)
    }

    @Test("Asked anew, nothing that was read before serves")
    func anew() async throws {
        let names = names(["a"], "robot")
        let old = await secrets.keychain(names, anew: false)
        try cluster.putPullSecret("a", in: "team", for: "a.example", "ann", "changed")
        #expect(await secrets.keychain(names, anew: false) == old)
        try cluster.put(.serviceAccounts, #"{"metadata":{"name":"robot","namespace":"team"}}"#)
        let fresh = await secrets.keychain(names, anew: true)
        #expect(fresh != old)
        #expect(try users(fresh, "b.example/x") == [])
        #expect(secrets.remembered(names) == fresh)
    }

    @Test("Many who ask at once share a read")
    func sharing() async throws {
        let names = names(["a", "b"])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { _ = await secrets.keychain(names, anew: false) } }
        }
        #expect(cluster.reads.count == 3)
    }

    @Test("Names that nothing has are not kept, however long they are")
    func longNames() async throws {
        let long = String(repeating: "a\u{301}", count: 50_000)
        let names = names([long, "a"], long)
        #expect(names.secrets.allSatisfy { $0.utf8.count < 300 } && names.serviceAccount.utf8.count < 300)
        let keychain = await secrets.keychain(names, anew: false)
        #expect(try users(keychain, "a.example/x") == ["ann"])
        #expect(keychain.problems.count == 1 && keychain.textBytes < 1_000)
        #expect(keychain.problems.first?.hasSuffix("has a name that no Secret has") == true)
        #expect(cluster.reads == ["get secrets team/a"])
    }

    @Test("More secrets than count are told")
    func tooMany() async throws {
        let problem = "only 16 pull secrets of a Pod count"
        let many = (0..<PullSecretNames.maximumSecrets).map { "s\($0)" }
        #expect(await !secrets.keychain(names(many), anew: false).problems.contains(problem))
        #expect(await secrets.keychain(names(many + ["a"]), anew: false).problems.contains(problem))
        #expect(await secrets.keychain(names(many, "robot"), anew: false).problems.contains(problem))
    }

    @Test("What holds a lot of text is used, and not remembered")
    func large() async throws {
        let password = String(repeating: "x", count: 10_000)
        for name in ["big", "bigger"] {
            try cluster.putPullSecret(name, in: "team", for: "\(name).example", "ann", password)
        }
        let one = names(["big"])
        let two = names(["big", "bigger"])
        #expect(try users(await secrets.keychain(one, anew: false), "big.example/x") == ["ann"])
        #expect(secrets.remembered(one) != nil)
        #expect(try users(await secrets.keychain(two, anew: false), "bigger.example/x") == ["ann"])
        #expect(secrets.remembered(two) == nil)
    }

    @Test("What cannot be read is left out and told, and nothing of what is in it")
    func problems() async throws {
        try cluster.put(
            .secrets, "broken", in: "team", ".dockerconfigjson", #"{"auths":{"x.example":{"auth":"hunter2"}}}"#)
        try cluster.put(.secrets, "opaque", in: "team", "password", "hunter2")
        try cluster.put(.secrets, #"{"metadata":{"name":"bad","namespace":"team"},"data":{".dockercfg":"%"}}"#)
        cluster.fail { request in
            request.name.hasSuffix("/secret") ? .status(403, reason: "Forbidden", message: "no") : nil
        }
        let asked = ["gone", "broken", "opaque", "bad", "secret", "../x", "a"]
        let keychain = await secrets.keychain(names(asked), anew: false)
        #expect(try users(keychain, "a.example/x") == ["ann"])
        #expect(
            keychain.problems == [
                "pull secret team/gone does not exist",
                "pull secret team/broken cannot be used: Docker configuration, auths[\"x.example\"].auth: "
                    + "it is not base64 of user:password",
                "pull secret team/opaque holds no .dockerconfigjson",
                "pull secret team/bad cannot be used: data[.dockercfg] is no base64",
                "pull secret team/secret may not be read by Countersign",
                "pull secret team/../x has a name that no Secret has",
            ])
        #expect(!cluster.reads.contains { $0.contains("..") })
        #expect(secrets.remembered(names(asked)) != nil)
    }

    @Test("What may be otherwise in a moment is not remembered", arguments: ["serviceaccounts", "secrets"])
    func passing(resource: String) async throws {
        cluster.fail { $0.type.plural == resource ? .unreachable("gone") : nil }
        let keychain = await secrets.keychain(names(["a"]), anew: false)
        #expect(keychain.problems.count == 1)
        #expect(keychain.problems.first?.contains("could not be read") == true)
        #expect(secrets.remembered(names(["a"])) == nil)
        cluster.fail(nil)
        #expect(await secrets.keychain(names(["a"]), anew: false).problems.isEmpty)
    }

    @Test("Where no account counts, none is asked for")
    func noAccount() async throws {
        let keychain = await secrets.keychain(names(["a"], ""), anew: false)
        #expect(try users(keychain, "a.example/x") == ["ann"])
        #expect(cluster.reads == ["get secrets team/a"])
    }

    @Test("The older form of pull secrets")
    func legacy() async throws {
        let auth = Base64.encode(Array("old:1".utf8))
        try cluster.put(.secrets, "old", in: "team", ".dockercfg", #"{"https://c.example":{"auth":"\#(auth)"}}"#)
        let keychain = await secrets.keychain(names(["old"]), anew: false)
        #expect(try users(keychain, "c.example/x") == ["old"])
    }
}

@Suite("The server's own pull secrets")
struct ServerPullSecretsTests {
    @Test("They are followed as they change")
    func following() async throws {
        let cluster = LocalCluster()
        try cluster.putPullSecret("one", in: "countersign", for: "a.example", "ann", "1")
        try cluster.putPullSecret("one", in: "elsewhere", for: "a.example", "evil", "1")
        let heard = Latest<Keychain?>(nil)
        let following = Task {
            await ServerPullSecrets(cluster, namespace: "countersign", names: ["one", "two"], pace: .quick)
                .run { heard.set($0) }
        }
        defer { following.cancel() }
        func users() throws -> [String] {
            try heard.value?.credentials(for: Repository(parsing: "a.example/x")).map { credentials in
                if case .basic(let user, _) = credentials { user } else { "?" }
            } ?? []
        }
        try await untilTrue { try users() == ["ann"] }
        #expect(heard.value?.problems == ["pull secret countersign/two does not exist"])
        try cluster.putPullSecret("two", in: "countersign", for: "a.example", "bob", "2")
        try await untilTrue { try users() == ["ann", "bob"] }
        #expect(heard.value?.problems == [])
        try cluster.putPullSecret("one", in: "countersign", for: "a.example", "amy", "3")
        try await untilTrue { try users() == ["amy", "bob"] }
        cluster.cutWatches(with: .unreachable("gone"))
        cluster.remove(.secrets, ObjectName("one", namespace: "countersign"))
        try await untilTrue { try users() == ["bob"] }
        #expect(!cluster.requests.contains { $0.verb == "list" && $0.name != "countersign" })
    }

    @Test("One that may not be read does not keep the others from being used")
    func forbidden() async throws {
        let cluster = LocalCluster()
        cluster.fail { _ in .status(403, reason: "Forbidden", message: "no") }
        let heard = Latest<Keychain?>(nil)
        let following = Task {
            await ServerPullSecrets(cluster, namespace: "countersign", names: ["one"], pace: .quick)
                .run { heard.set($0) }
        }
        defer { following.cancel() }
        try await untilTrue { heard.value != nil }
        #expect(heard.value?.problems.first == "pull secret countersign/one could not be read: no")
    }
}
