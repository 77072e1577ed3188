import Admission
import ArgumentParser
import Policy
import Rehearsal

extension Policy.Operation: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

/// What the request looks like that would bring a manifest to an API server.
struct RequestOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "CREATE, UPDATE, DELETE or CONNECT; UPDATE where --old or --subresource is given, else CREATE."))
    var operation: Policy.Operation?

    @Option(help: ArgumentHelp("Who sends the request.", valueName: "name"))
    var user = ""

    @Option(help: ArgumentHelp("A group of the user (repeatable).", valueName: "name"))
    var group: [String] = []

    @Option(help: ArgumentHelp("The subresource that is written to, such as ephemeralcontainers.", valueName: "name"))
    var subresource = ""

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "What the resources are before an UPDATE; matched by kind, namespace and name.", valueName: "file"))
    var old: [String] = []

    @Option(help: ArgumentHelp("Where resources go that name no namespace.", valueName: "name"))
    var namespace = "default"

    @OptionGroup(title: "The cluster")
    var cluster: ClusterOptions

    func shape(oldObjects: [Manifest]) -> RequestShape {
        let isUpdate = !old.isEmpty || !subresource.isEmpty
        return RequestShape(
            operation: operation ?? (isUpdate ? .update : .create), user: UserInfo(username: user, groups: group),
            subresource: subresource, namespace: namespace, oldObjects: oldObjects)
    }
}
