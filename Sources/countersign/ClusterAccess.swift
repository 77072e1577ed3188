import ArgumentParser
import FoundationEssentials
import Kubernetes

/// How the API server is reached; the same flags for every command that does.
struct ClusterAccess: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to reach the API server; without it, the service account of the pod that this runs in.",
            valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The context of --kubeconfig to use instead of its current one.", valueName: "name"))
    var context: String?

    func validate() throws {
        guard context == nil || kubeconfig != nil else { throw ValidationError("--context needs --kubeconfig") }
    }

    /// Where the API server is; nil outside of a cluster without `--kubeconfig`.
    ///
    /// - Throws: ``StartError`` for a kubeconfig that cannot be used.
    func configuration(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StartError) -> ClusterConfiguration? {
        do throws(APIFailure) {
            guard let kubeconfig else { return try .inCluster(environment: environment) }
            return try ClusterConfiguration(kubeconfig: kubeconfig, context: context, environment: environment)
        } catch {
            throw StartError(description: kubeconfig.map { "--kubeconfig \($0): \(error)" } ?? "\(error)")
        }
    }
}
