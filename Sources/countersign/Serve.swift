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

            Example:
              countersign serve --listen 127.0.0.1:8443 --policies policies/
            """
    )

    @Option(help: ArgumentHelp("Where to answer reviews; port 0 takes a free one.", valueName: "host:port"))
    var listen: ListenAddress

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Files and folders of ClusterPolicy objects, YAML or JSON.", valueName: "path"))
    var policies: [String]

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
        guard !policies.isEmpty else { throw ValidationError("--policies needs at least one file or folder") }
    }

    func run() async throws {
        let log = self.log.start()
        let gate: Gate
        do {
            gate = try Gate(
                Gate.Configuration(
                    listen: listen, metricsListen: metricsListen, policies: .paths(policies, exceptions: exceptions),
                    facts: clusterFacts.isEmpty ? .none : .paths(clusterFacts),
                    certificate: CertificateSource(files: certificateFiles), client: registry.client(),
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
