import Foundation
import Synchronization

@testable import TestSupport

/// A running `countersign serve` as deploy/ runs it, but for the kubelet: its own pod's token of the service account in
/// a file, the rights that deploy/ gives and no others, and the flags of a server outside of the cluster.
final class Replica: ReviewServer {
    /// The name of the pod that it is.
    let name: String
    let port: Int
    let folder: TemporaryFolder
    private let cluster: APIServer
    private let curl: Curl
    private let child = Mutex<Child?>(nil)

    private static let running = Mutex<[Replica]>([])

    /// Ends every replica that a test before left running.
    static func killAll() async {
        let replicas = running.withLock { running in
            defer { running = [] }
            return running
        }
        for replica in replicas { await replica.end(SIGKILL) }
    }

    /// Starts a server and waits until it is ready.
    /// - Parameters:
    ///   - relay: what stands between it and the API server, if anything does.
    ///   - webhookPort: where the API server is to call, when that is not this replica itself.
    static func start(
        _ name: String = "countersign-a", in cluster: APIServer, through relay: Relay? = nil, port: Int? = nil,
        webhookPort: Int? = nil, flags: [String] = []
    ) async throws -> Replica {
        let replica = try Replica(name, cluster, port: try port ?? FreePort.find())
        running.withLock { $0.append(replica) }
        try await cluster.admin.apply(pod(name))
        try await replica.renewToken()
        let apiPort = relay?.port ?? cluster.port
        let kubeconfig = try replica.folder.write(
            APIServer.kubeconfig(
                server: "https://127.0.0.1:\(apiPort)", caFile: cluster.caFile,
                tokenFile: replica.folder.path + "/token"), to: "kubeconfig")
        let child = try Child(
            Parts.countersign,
            [
                "serve", "--listen", "127.0.0.1:\(replica.port)", "--kubeconfig", kubeconfig,
                "--webhook-url", "https://127.0.0.1:\(webhookPort ?? replica.port)",
                "--namespace", APIServer.ourNamespace, "--crds", ClusterParts.path("deploy/crds"),
            ] + flags, in: replica.folder)
        replica.child.withLock { $0 = child }
        let isReady = try await eventually(within: .seconds(40)) {
            if child.hasEnded { return true }
            return try await replica.get("/readyz").status == 200
        }
        guard isReady, !child.hasEnded else {
            throw CommandFailure(description: "countersign serve does not get ready:\n\(replica.log)")
        }
        return replica
    }

    /// The pod that a replica would be, so that its token has something to be bound to.
    static func pod(_ name: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: \(APIServer.ourNamespace)}
        spec:
          serviceAccountName: countersign
          securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
          containers:
          - name: countersign
            image: registry.invalid/countersign
            securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        """
    }

    private init(_ name: String, _ cluster: APIServer, port: Int) throws {
        self.name = name
        self.cluster = cluster
        self.port = port
        folder = try TemporaryFolder(name)
        curl = Curl(folder: folder)
    }

    /// What it has logged so far.
    var log: String { child.withLock { ($0?.errors ?? "") + ($0?.output ?? "") } }

    /// Puts a new token into the file, as the kubelet does before the old one ends.
    func renewToken() async throws {
        try folder.write(try await cluster.token(account: "countersign", pod: name), to: "token")
    }

    /// Ends it by a signal and waits for that.
    @discardableResult
    func end(_ signal: Int32) async -> Int32? {
        let child = child.withLock { $0 }
        child?.signal(signal)
        return await child?.end(within: .seconds(30))
    }

    /// A request past the API server. Its certificate is the API server's business, and checked there.
    func send(
        _ method: String, _ path: String, headers: [String], body: [UInt8]?, options: [String]
    ) async throws -> Curl.Answer {
        try await curl.send(
            method, "https://127.0.0.1:\(port)\(path)", headers: headers, body: body, options: ["--insecure"] + options)
    }

    /// The certificate that it serves with, as a fingerprint.
    func fingerprint() async throws -> String {
        let script = #""$0" s_client -connect "127.0.0.1:$1" </dev/null 2>/dev/null | "$0" x509 -noout -fingerprint"#
        return try await Command.run("/bin/bash", ["-c", script, Parts.openssl, "\(port)"], in: folder).output
    }
}
