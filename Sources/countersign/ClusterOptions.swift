import ArgumentParser
import Policy

/// What the cluster would know about a request, for commands that run without one.
struct ClusterOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            """
            Files and folders of manifests that say what rules ask about the cluster: Namespaces, ConfigMaps, Secrets, \
            RoleBindings and others.
            """, valueName: "folder"))
    var clusterFacts: [String] = []

    @Option(help: ArgumentHelp("A role that the user has (repeatable).", valueName: "namespace:name"))
    var role: [String] = []

    @Option(help: ArgumentHelp("A cluster role that the user has (repeatable).", valueName: "name"))
    var clusterRole: [String] = []

    @Flag(help: "Honour the PolicyException objects among the policies; otherwise they are ignored.")
    var exceptions = false

    func validate() throws {
        for role in role where role.split(separator: ":", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--role \(role): write namespace:name, or use --cluster-role")
        }
    }

    /// The facts, and why some manifests cannot be taken for facts.
    func facts() -> (facts: any ClusterFacts, problems: [PolicyProblem]) {
        var facts: any ClusterFacts = NoClusterFacts()
        var problems: [PolicyProblem] = []
        if !clusterFacts.isEmpty {
            let manifests = ManifestFacts(PolicyFiles(reading: clusterFacts))
            (facts, problems) = (manifests, manifests.problems)
        }
        guard !role.isEmpty || !clusterRole.isEmpty else { return (facts, problems) }
        return (GivenRoles(UserRoles(roles: Set(role), clusterRoles: Set(clusterRole)), besides: facts), problems)
    }
}
