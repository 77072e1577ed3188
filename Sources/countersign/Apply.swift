import ArgumentParser
import Rehearsal

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

    @OptionGroup
    var input: RehearsalOptions

    @Option(help: "table for people, json for programs, junit for continuous integration.")
    var output: Output = .table

    func run() async throws {
        let report = try await input.rehearse { rehearsal, manifests in
            let progress = ProgressLine(total: manifests.count)
            defer { progress.clear() }
            return await rehearsal.run(manifests) { progress.show($0) }
        }
        switch output {
        case .table: print(ReportTable(report).text, terminator: "")
        case .json: print(String(decoding: report.json, as: UTF8.self))
        case .junit: print(report.junit, terminator: "")
        }
        if !report.denials.isEmpty { throw ExitCode(1) }
    }
}
