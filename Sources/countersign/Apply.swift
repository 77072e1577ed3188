import Admission
import ArgumentParser
import HTTPClient
import Policy
import Registry
import Rehearsal
import Verification

/// `countersign apply`: what would happen to manifests, without a cluster.
struct Apply: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json, junit }

    static let configuration = CommandConfiguration(
        abstract: "Tell what policies would do to manifests, without a cluster.",
        discussion: """
            Sends each resource through mutate and, as patched, through validate, as an API server would, against real \
            registries. Prints a row for each resource, policy, rule and image. A failure under Audit is reported and \
            does not deny.

            Exit codes: 0 nothing would be denied, 1 something would be, 2 a policy or a resource cannot be read, 64 \
            wrong usage.

            Examples:
              countersign apply policies/ --resource deploy/
              kustomize build . | countersign apply policy.yaml --resource - --output junit
            """
    )

    @Argument(help: "Files and folders of policies, YAML or JSON; - reads standard input.")
    var policies: [String]

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Files and folders of resources, several documents and Lists too; - reads standard input.",
            valueName: "file"))
    var resource: [String]

    @Option(help: "table for people, json for programs, junit for continuous integration.")
    var output: Output = .table

    @OptionGroup(title: "The request")
    var request: RequestOptions

    @Option(help: ArgumentHelp("How long each call may take.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(30), description: "30s")

    @OptionGroup(title: "Registries")
    var registry: RegistryOptions

    func validate() throws {
        guard !resource.isEmpty else { throw ValidationError("--resource needs at least one file or folder") }
        guard (policies + resource + request.old).count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("- can stand for one of the policies, the resources and the old resources only")
        }
        guard timeout.value > .zero else { throw ValidationError("--timeout must be more than 0") }
    }

    func run() async throws {
        let input = try RehearsalInput(policies: policies, resources: resource, request: request)
        let http = try HTTPClient(registry.client())
        defer { http.close() }
        let verifier = ImageVerifier(registry: RegistryClient(http: http, configuration: try registry.configuration()))
        let rehearsal = Rehearsal(
            evaluator: Evaluator(policies: input.policies, verifier: verifier, facts: input.facts), shape: input.shape,
            timeout: timeout.value)

        let progress = ProgressLine(total: input.manifests.count)
        let report = await rehearsal.run(input.manifests) { progress.show($0) }
        progress.clear()

        switch output {
        case .table: print(ReportTable(report).text, terminator: "")
        case .json: print(String(decoding: report.json, as: UTF8.self))
        case .junit: print(report.junit, terminator: "")
        }
        if !report.denials.isEmpty { throw ExitCode(1) }
    }
}
