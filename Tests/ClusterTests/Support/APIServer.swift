import Foundation
import Synchronization

@testable import TestSupport

/// A real kube-apiserver over a real etcd, with RBAC on, on free ports of this machine. It has no nodes and no
/// controllers: pods are admitted and stored, and nobody runs them.
final class APIServer: Sendable {
    /// Who the cluster tests are when they are not Countersign.
    enum User: String {
        /// May do everything.
        case admin
        /// May do what people do who run workloads.
        case developer
    }

    static let ourNamespace = "countersign"

    private static let task = Task { try await APIServer() }

    /// The one that all tests of a run share.
    static func shared() async throws -> APIServer { try await task.value }

    let port: Int
    /// Whom to trust for this server's certificate; it is for 127.0.0.1, whatever the port.
    let caFile: String
    let folder: TemporaryFolder
    /// Who vouches for people with certificates, with its key.
    private let clientCA: (certificateFile: String, keyFile: String)
    let admin: Kubectl
    let developer: Kubectl
    let audit: AuditLog
    private let arguments: [String]
    private let curl: Curl
    private let etcd: Child
    private let etcdPort: Int
    private let process = Mutex<Child?>(nil)

    var url: String { "https://127.0.0.1:\(port)" }

    /// What the API server has logged since it was last started.
    var log: String { process.withLock { $0?.errors ?? "" } }

    init() async throws {
        let folder = try TemporaryFolder("api-server")
        self.folder = folder
        curl = Curl(folder: folder)
        port = try FreePort.find()
        etcdPort = try FreePort.find()
        let certificate = try await SelfSigned.make(in: folder)
        caFile = certificate.certificateFile
        audit = AuditLog(path: folder.path + "/audit.log")

        try await Command.succeed(Parts.openssl, ["genrsa", "-out", folder.path + "/accounts.key", "2048"], in: folder)
        clientCA = (folder.path + "/clients.crt", folder.path + "/clients.key")
        try await Command.succeed(
            Parts.openssl,
            Self.request + [
                "-subj", "/CN=clients", "-keyout", clientCA.keyFile, "-out", clientCA.certificateFile,
            ], in: folder)
        let tokens = try folder.write(
            """
            admin,admin,admin,"system:masters"
            developer,developer,developer,"developers"

            """, to: "tokens.csv")
        let auditPolicy = try folder.write(
            """
            apiVersion: audit.k8s.io/v1
            kind: Policy
            omitStages: [RequestReceived]
            rules:
            - level: Metadata
              userGroups: ["system:serviceaccounts:\(Self.ourNamespace)"]
            - level: None
            """, to: "audit-policy.yaml")

        let etcdURL = "http://127.0.0.1:\(etcdPort)"
        let peerURL = "http://127.0.0.1:\(try FreePort.find())"
        etcd = try Child(
            ClusterParts.etcd,
            [
                "--data-dir", folder.path + "/etcd", "--log-level", "error",
                "--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
                "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
                "--initial-cluster", "default=\(peerURL)",
            ], in: folder)
        arguments = [
            "--etcd-servers=\(etcdURL)", "--secure-port=\(port)", "--bind-address=127.0.0.1",
            // An address that endpoints may have; nothing is ever sent to it.
            "--advertise-address=10.0.0.2", "--endpoint-reconciler-type=none",
            "--tls-cert-file=\(certificate.certificateFile)", "--tls-private-key-file=\(certificate.keyFile)",
            "--cert-dir=\(folder.path)/certificates",
            "--service-account-key-file=\(folder.path)/accounts.key",
            "--service-account-signing-key-file=\(folder.path)/accounts.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--api-audiences=https://kubernetes.default.svc",
            "--token-auth-file=\(tokens)", "--client-ca-file=\(clientCA.certificateFile)", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            // It waits for a controller to give each namespace its account.
            "--disable-admission-plugins=ServiceAccount",
            "--audit-policy-file=\(auditPolicy)", "--audit-log-path=\(audit.path)",
        ]
        admin = try Self.kubectl(.admin, port, certificate.certificateFile, folder)
        developer = try Self.kubectl(.developer, port, certificate.certificateFile, folder)

        try await start()
        // Not `edit`, which a controller fills that is not here.
        try await admin.apply(
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: developer}
            rules:
            - {apiGroups: ["", apps, batch], resources: ["*"], verbs: ["*"]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: developers}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: developer}
            subjects:
            - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}
            """)
        _ = try await eventually { try await developer.run("auth", "can-i", "create", "pods").status == 0 }
    }

    private static func kubectl(
        _ user: User, _ port: Int, _ caFile: String, _ folder: TemporaryFolder
    ) throws -> Kubectl {
        let kubeconfig = try folder.write(
            Self.kubeconfig(server: "https://127.0.0.1:\(port)", caFile: caFile, token: user.rawValue),
            to: "\(user).kubeconfig")
        return Kubectl(kubeconfig: kubeconfig, folder: folder)
    }

    /// Starts it, again after ``stop()`` with what etcd holds, and waits until it is ready.
    func start() async throws {
        let child = try Child(ClusterParts.apiServer, arguments, in: folder)
        process.withLock { $0 = child }
        let isReady = try await eventually(within: .seconds(90)) {
            guard !child.hasEnded else { return true }
            let answer = try await request("GET", "/readyz")
            guard answer.status == 200 else { return false }
            // It comes a moment after the server calls itself ready.
            return try await admin.has("namespace", "default")
        }
        guard isReady, !child.hasEnded else {
            throw CommandFailure(description: "kube-apiserver does not get ready: \(child.errors.suffix(4000))")
        }
    }

    /// Ends it as a power failure does.
    func stop() async {
        let child = process.withLock { $0 }
        child?.kill()
        _ = await child?.end(within: .seconds(10))
    }

    /// Throws the history of every object away but for the newest state, as etcd's compaction does every few minutes:
    /// a watch from an older version then fails with 410. The API server's own memory of events ends with ``stop()``.
    func compact() async throws {
        let state = try await curl.send(
            "POST", "http://127.0.0.1:\(etcdPort)/v3/kv/range", body: Array(#"{"key":"AA=="}"#.utf8))
        guard let revision = state.text.firstMatch(of: /"revision":"([0-9]+)"/)?.output.1 else {
            throw CommandFailure(description: "etcd says no revision: \(state.text)")
        }
        let answer = try await curl.send(
            "POST", "http://127.0.0.1:\(etcdPort)/v3/kv/compaction", body: Array(#"{"revision":\#(revision)}"#.utf8))
        guard answer.status == 200 else {
            throw CommandFailure(description: "etcd does not compact: \(answer.text)")
        }
    }

    /// A request without kubectl, where its start would take most of the time.
    func request(
        _ method: String, _ path: String, body: String? = nil, token: String = User.admin.rawValue
    ) async throws -> Curl.Answer {
        try await curl.send(
            method, url + path, headers: ["Authorization: Bearer \(token)", "Content-Type: application/json"],
            body: body.map { Array($0.utf8) }, caFile: caFile)
    }

    /// A token for a service account, as the kubelet fetches one for a pod: the API server signs it, and it ends by
    /// itself and with the pod.
    func token(account: String, namespace: String = ourNamespace, pod: String) async throws -> String {
        try await admin.succeed(
            "create", "token", account, "--namespace", namespace, "--duration", "10m",
            "--bound-object-kind", "Pod", "--bound-object-name", pod
        ).trimmingCharacters(in: .newlines)
    }

    private static let request = [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    ]

    /// A certificate that says who somebody is, and its key, as files in a folder.
    func certificate(
        user: String, group: String, in folder: TemporaryFolder
    ) async throws -> (certificateFile: String, keyFile: String) {
        let files = (certificateFile: folder.unique("client.crt"), keyFile: folder.unique("client.key"))
        try await Command.succeed(
            Parts.openssl,
            Self.request + [
                "-CA", clientCA.certificateFile, "-CAkey", clientCA.keyFile, "-subj", "/O=\(group)/CN=\(user)",
                "-addext", "extendedKeyUsage=clientAuth", "-keyout", files.keyFile, "-out", files.certificateFile,
            ], in: folder)
        return files
    }

    /// A kubeconfig with a token in it, or with the file that holds one.
    static func kubeconfig(server: String, caFile: String, token: String? = nil, tokenFile: String? = nil) -> String {
        let user = token.map { "token: \"\($0)\"" } ?? "tokenFile: \"\(tokenFile ?? "")\""
        return kubeconfig(server: server, caFile: caFile, user: user)
    }

    /// A kubeconfig with a user that is written so.
    static func kubeconfig(server: String, caFile: String, user: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - {name: cluster, cluster: {server: "\(server)", certificate-authority: "\(caFile)"}}
        users:
        - {name: user, user: {\(user)}}
        contexts:
        - {name: context, context: {cluster: cluster, user: user}}
        current-context: context
        """
    }
}
