import ArgumentParser
import FoundationEssentials
import Kubernetes

/// How the API server is reached; the same flags for every command that does.
struct ClusterAccess: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to reach the API server (default: the service account of the pod that this runs in).",
            valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The context of the kubeconfig to use instead of its current one.", valueName: "name"))
    var context: String?

    /// The API server of a server's cluster; nil outside of a cluster without `--kubeconfig`. No server joins a cluster
    /// because of what somebody's environment names.
    ///
    /// - Throws: ``StartError`` for a kubeconfig that cannot be used.
    func configuration(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StartError) -> ClusterConfiguration? {
        do throws(APIFailure) {
            guard let kubeconfig else { return try .inCluster(environment: environment) }
            return try ClusterConfiguration(kubeconfig: kubeconfig, context: context, environment: environment)
        } catch {
            throw failure(error)
        }
    }

    /// The API server that somebody means who runs a command: that of `--kubeconfig`, or the one that kubectl would ask.
    ///
    /// - Throws: ``StartError`` for a kubeconfig that cannot be used, and where there is none.
    func configurationAsKubectl(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StartError) -> ClusterConfiguration {
        do throws(APIFailure) {
            return try .asKubectl(kubeconfig: kubeconfig, context: context, environment: environment)
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ failure: APIFailure) -> StartError {
        StartError(description: kubeconfig.map { "--kubeconfig \($0): \(failure)" } ?? "\(failure)")
    }
}
