extension ClusterConfiguration {
    /// Where Kubernetes puts a service account's files.
    public static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The API server of the cluster that this process runs in.
    ///
    /// The token and the authorities are read again as they change.
    /// Source: Kubernetes, "Accessing the Kubernetes API from a Pod".
    /// - Returns: nil outside of a cluster, and in a pod that has been given no token.
    /// - Throws: ``APIFailure/credentials(_:)`` where there is a token and no authority: nobody else is trusted instead.
    public static func inCluster(
        environment: [String: String], folder: String = serviceAccountFolder
    ) throws(APIFailure) -> ClusterConfiguration? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty,
            Material.contents(of: folder + "/token") != nil
        else { return nil }
        let authorities = Material.file(folder + "/ca.crt")
        _ = try authorities.read("the CA file")
        let name = host.contains(":") ? "[\(host)]" : host
        var configuration = try ClusterConfiguration(
            server: "https://\(name):\(port)", authorities: authorities,
            credentials: CredentialSource(bearer: .token(.file(folder + "/token"))))
        let namespace = (try? Material.file(folder + "/namespace").read("the namespace")) ?? ""
        configuration.namespace = namespace.isEmpty ? nil : namespace.trimmed
        configuration.isInCluster = true
        return configuration
    }

    /// The API server that somebody means who runs a command: that of the file; else of those that `KUBECONFIG` lists;
    /// else of the cluster that this process runs in; else of `~/.kube/config`.
    ///
    /// - Parameter context: of the files; who names one does not mean the pod.
    public static func asKubectl(
        kubeconfig path: String?, context: String?, environment: [String: String],
        folder: String = serviceAccountFolder
    ) throws(APIFailure) -> ClusterConfiguration {
        let namesFiles = path != nil || context != nil || environment["KUBECONFIG"]?.isEmpty == false
        if !namesFiles, let configuration = try inCluster(environment: environment, folder: folder) {
            return configuration
        }
        return try ClusterConfiguration(kubeconfig: path, context: context, environment: environment)
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
