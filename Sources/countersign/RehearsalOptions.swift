import Admission
import ArgumentParser
import HTTPClient
import Policy
import Registry
import Rehearsal
import Verification

/// What `apply` and `explain` take: policies, resources, and how to ask registries.
struct RehearsalOptions: ParsableArguments {
    @Argument(help: "Files and folders of policies, YAML or JSON; - reads standard input.")
    var policies: [String]

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Files and folders of resources, several documents and Lists too; - reads standard input.",
            valueName: "file"))
    var resource: [String]

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

    /// Reads everything, and hands a rehearsal and the manifests to `body`.
    ///
    /// - Throws: exit code 2 when a policy or a resource cannot be read; what `body` throws.
    func rehearse<Answer>(_ body: (Rehearsal, [Manifest]) async throws -> Answer) async throws -> Answer {
        let input = try RehearsalInput(policies: policies, resources: resource, request: request)
        let http = try HTTPClient(registry.client())
        defer { http.close() }
        let verifier = ImageVerifier(registry: RegistryClient(http: http, configuration: try registry.configuration()))
        let evaluator = Evaluator(policies: input.policies, verifier: verifier, facts: input.facts)
        return try await body(
            Rehearsal(evaluator: evaluator, shape: input.shape, timeout: timeout.value), input.manifests)
    }
}
