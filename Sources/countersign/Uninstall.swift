import ArgumentParser
import Cluster
import FoundationEssentials
import HTTPClient
import Kubernetes

/// `countersign uninstall`: what the server wrote into the cluster, taken back.
struct Uninstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete the webhooks of Countersign from a cluster, so that nothing waits for a server that is gone.",
        discussion: """
            Takes the lease over, so that servers that still run stop writing for a minute, and deletes the webhook \
            configurations. Then delete the servers; policies and their definitions stay. Done again, it finds nothing.

            Without --kubeconfig it asks as kubectl does: the files of KUBECONFIG, or the cluster that it runs in, or \
            ~/.kube/config.

            Exit codes: 0 done, 1 the cluster cannot be reached or refuses, 64 wrong usage.

            Example:
              countersign uninstall && kubectl delete -f install.yaml
            """
    )

    @OptionGroup(title: "Cluster")
    var access: ClusterAccess

    @Option(
        help: ArgumentHelp(
            "The namespace of Countersign (default: the pod's, or \(Installation.standardName)).",
            valueName: "name"))
    var namespace: String?

    @Option(help: ArgumentHelp("The Secret with the CA, for --purge.", valueName: "name"))
    var caSecret = Installation.standardCASecret

    @Flag(help: "Delete the Secret with the CA, too.")
    var purge = false

    @Option(help: ArgumentHelp("For how long running servers leave everything alone.", valueName: "duration"))
    var hold = DurationArgument(.seconds(60), description: "60s")

    /// A server that comes later has to wait for the lease.
    private static let longestHold = Duration.seconds(3600)

    func validate() throws {
        guard hold.value >= .seconds(1), hold.value <= Self.longestHold else {
            throw ValidationError("--hold takes 1s to 1h")
        }
    }

    func run() async throws {
        let proxy = HTTPClient.ProxySettings(environment: ProcessInfo.processInfo.environment)
        let http = try HTTPClient(HTTPClient.Configuration(proxy: proxy))
        defer { http.close() }
        do {
            let configuration = try access.configurationAsKubectl()
            let api = KubernetesClient(http: http, configuration: configuration)
            let installation = Installation(
                namespace: namespace ?? ownNamespace(configuration), caSecret: caSecret)
            var timings = Uninstallation.Timings.standard
            timings.hold = hold.value
            try await Uninstallation(api, installation, removesState: purge, timings: timings) { print($0) }.run()
        } catch let error as StartError {
            throw Failed("\(error)")
        } catch let error as APIFailure {
            throw Failed("cannot uninstall: \(error)")
        }
    }

    /// In the cluster the pod's namespace is ours; a context's is whatever its owner works in.
    private func ownNamespace(_ configuration: ClusterConfiguration) -> String {
        (configuration.isInCluster ? configuration.namespace : nil) ?? Installation.standardName
    }
}
