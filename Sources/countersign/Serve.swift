import Admission
import ArgumentParser
import HTTPClient
import HTTPServer
import Logging
import Metrics
import OpenSSL
import Policy
import Registry
import Verification

/// `countersign serve`: the webhook server.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer admission reviews over HTTPS.",
        discussion: """
            POST /mutate verifies images and pins them to the verified digest; POST /validate verifies the final object. \
            GET /livez, /readyz and /metrics are for operators. Policies and certificate files are read again when they \
            change. SIGTERM drains and exits 0.

            In a cluster (a pod's service account, or --kubeconfig) policies are objects as well: they are watched, the \
            webhooks are registered as the policies need them, the certificates are made and renewed, and one replica of \
            several, the holder of a Lease, writes.

            Examples:
              countersign serve --listen 127.0.0.1:8443 --policies policies/
              countersign serve --listen 0.0.0.0:8443 --kubeconfig ~/.kube/config --webhook-url https://192.0.2.7:8443
            """
    )

    @Option(help: ArgumentHelp("Where to answer reviews; port 0 takes a free one.", valueName: "host:port"))
    var listen: ListenAddress

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Files and folders of ClusterPolicy objects, YAML or JSON; in a cluster, besides its own.",
            valueName: "path"))
    var policies: [String] = []

    @Flag(help: "Honour the PolicyException objects among the policies; otherwise they are ignored.")
    var exceptions = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            """
            Files and folders of manifests that say what rules ask about the cluster: Namespaces, ConfigMaps, Secrets, \
            RoleBindings and others.
            """, valueName: "folder"))
    var clusterFacts: [String] = []

    @Option(help: ArgumentHelp("PEM certificate chain of the server; with --tls-key.", valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("PEM private key of --tls-cert.", valueName: "file"))
    var tlsKey: String?

    @OptionGroup(title: "Cluster")
    var cluster: MemberOptions

    @OptionGroup(title: "Registries")
    var registry: RegistryOptions

    @OptionGroup(title: "Memory")
    var cache: CacheOptions

    @Option(help: ArgumentHelp("Serve /metrics, /livez and /readyz here too, without TLS.", valueName: "host:port"))
    var metricsListen: ListenAddress?

    @OptionGroup(title: "Log")
    var log: LogOptions

    func validate() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError(
                tlsCert == nil
                    ? "--tls-key needs --tls-cert, the certificate that belongs to the key"
                    : "--tls-cert needs --tls-key, the key that belongs to the certificate")
        }
        if cluster.makesWebhooksTrustFiles, tlsCert == nil {
            throw ValidationError(
                "--ca-injection and --webhook-ca are about a certificate from --tls-cert, which is missing")
        }
    }

    func run() async throws {
        let log = self.log.start()
        let gate: Gate
        do {
            let member = try cluster.configuration(
                honoursExceptions: exceptions, hasCertificateFiles: certificateFiles != nil)
            guard member != nil || !policies.isEmpty else {
                throw StartError(
                    description:
                        "--policies needs at least one file or folder, or --kubeconfig a cluster to read them from")
            }
            gate = try Gate(
                Gate.Configuration(
                    listen: listen, metricsListen: metricsListen, policies: .paths(policies, exceptions: exceptions),
                    cluster: member, facts: clusterFacts.isEmpty ? .none : .paths(clusterFacts),
                    certificate: CertificateSource(files: certificateFiles, isTemporary: member != nil),
                    client: registry.client(),
                    registry: registry.configuration(), verifier: cache.configuration),
                log: log)
        } catch {
            log.sink.flush()
            throw Failed("cannot start: \(error)")
        }
        await gate.runUntilSignal()
    }

    private var certificateFiles: CertificateSource.Files? {
        guard let tlsCert, let tlsKey else { return nil }
        return CertificateSource.Files(chain: tlsCert, key: tlsKey)
    }
}
