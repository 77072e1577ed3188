import Foundation
import Testing

@testable import TestSupport

/// The cluster as each test finds it: Countersign's rights are there as deploy/ gives them, its kinds are there, and no
/// policy, no webhook and no server of an earlier test; with a namespace that is new.
struct Stage: Sendable {
    let cluster: APIServer
    let world: World
    let namespace: String
    private let mark: Int

    var admin: Kubectl { cluster.admin }
    var developer: Kubectl { cluster.developer }
    /// The images of the world, as a policy names them.
    var images: String { "\(world.registry.host)/\(World.repository):*" }

    static func set() async throws -> Stage {
        let cluster = try await APIServer.shared()
        await Replica.killAll()
        try await installTask.value
        try await clear(cluster)
        let namespace = "test-" + UUID().uuidString.prefix(8).lowercased()
        try await cluster.admin.succeed("create", "namespace", namespace)
        return Stage(
            cluster: cluster, world: try await World.shared(), namespace: namespace, mark: cluster.audit.mark())
    }

    /// The first of the README's two commands, once a run.
    private static let installTask = Task { try await prepare(try await APIServer.shared()) }

    static func prepare(_ cluster: APIServer) async throws {
        try await cluster.admin.succeed("apply", "-f", ClusterParts.path("deploy/install.yaml"))
    }

    static func makeKinds(_ cluster: APIServer) async throws {
        try await cluster.admin.succeed("apply", "-f", ClusterParts.path("deploy/crds"))
        try await cluster.admin.succeed("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    }

    /// What a server leaves that was killed, and the policies of a test.
    private static func clear(_ cluster: APIServer) async throws {
        let admin = cluster.admin
        try await admin.succeed(
            "delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "--all", "--ignore-not-found")
        try await makeKinds(cluster)
        for kind in ["clusterpolicies.kyverno.io", "policies.kyverno.io", "policyexceptions.kyverno.io"] {
            try await admin.succeed("delete", kind, "--all", "--all-namespaces")
        }
        try await admin.succeed(
            "delete", "lease/countersign", "secret/countersign-tls", "--namespace", APIServer.ourNamespace,
            "--ignore-not-found")
    }

    // MARK: What people do

    /// `kubectl run`, as somebody who may run workloads.
    func run(_ name: String, _ tag: String) async throws -> CommandResult {
        try await developer.run("run", name, "--image", world.image(tag), "--namespace", namespace)
    }

    /// The image of the first container of a pod, as it is stored.
    func storedImage(_ pod: String) async throws -> String {
        try await developer.read("{.spec.containers[0].image}", of: "pod", pod, "--namespace", namespace)
    }

    /// The image that a tag must be pinned to.
    func pinned(_ tag: String) -> String { "\(world.image(tag))@\(world.digests[tag] ?? "?")" }

    /// Applies the policy that most tests are about: every image of the world must be signed by a key.
    func applyPolicy(key: CosignKey? = nil, failurePolicy: String = "Fail") async throws {
        try await admin.apply(
            Policies.modern(
                images, key: (key ?? world.key).publicPEM, name: "check-image", failurePolicy: failurePolicy))
    }

    // MARK: What the API server does

    /// What became of a pod that nobody keeps: asked of the API server, which asks its webhooks.
    enum Admission: Equatable {
        case admitted
        /// By us, with our message.
        case denied
        /// Anything else: above all, a webhook that could not be called.
        case failed(String)
    }

    func admission(of tag: String, namespace other: String? = nil) async throws -> Admission {
        try await admission(ofImage: world.image(tag), namespace: other)
    }

    func admission(
        ofImage image: String, namespace other: String? = nil, pullSecret: String? = nil
    ) async throws -> Admission {
        let secrets = pullSecret.map { #","imagePullSecrets":[{"name":"\#($0)"}]"# } ?? ""
        let answer = try await cluster.request(
            "POST", "/api/v1/namespaces/\(other ?? namespace)/pods?dryRun=All",
            body: """
                {"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"probe-"},\
                "spec":{"containers":[{"name":"app","image":"\(image)"}]\(secrets)}}
                """, token: APIServer.User.developer.rawValue)
        switch answer.status {
        case 201: return .admitted
        case 400..<500 where answer.text.contains("was blocked due to the following policies"): return .denied
        default: return .failed("\(answer.status) \(answer.text)")
        }
    }

    /// Waits until the API server decides as expected, and prints how long that took.
    func becomes(
        _ expected: Admission, _ tag: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var last: Admission?
        try await takes(what, sourceLocation: sourceLocation) {
            last = try await admission(of: tag)
            return last == expected
        }
        #expect(last == expected, sourceLocation: sourceLocation)
    }

    /// Waits until something is so, and prints how long that took. The limit is far above what is promised: these tests
    /// share their two cores with the API server, etcd, a registry and kubectl.
    func takes(
        _ what: String, within limit: Duration = .seconds(15), sourceLocation: SourceLocation = #_sourceLocation,
        _ question: () async throws -> Bool
    ) async throws {
        let start = ContinuousClock.now
        let isSo = try await eventually(within: limit, question)
        print(
            "  \(what): \(start.duration(to: .now).formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 2))))"
        )
        #expect(isSo, "\(what): not within \(limit)", sourceLocation: sourceLocation)
    }

    // MARK: What must hold for every test

    /// The API server refused us nothing: the rights of deploy/ are enough.
    /// - Parameter other: since when; nil for since the test began.
    func expectNothingForbidden(since other: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try cluster.audit.forbidden(since: other ?? mark).isEmpty, sourceLocation: sourceLocation)
    }

    /// The writes of our servers since the test began.
    func writes(since other: Int? = nil) throws -> [AuditLog.Entry] { try cluster.audit.writes(since: other ?? mark) }
}
