import Admission
import ArgumentParser
import Cluster
import FoundationEssentials
import HTTPClient
import Kubernetes
import Policy
import Registry
import Rehearsal
import Verification

/// `countersign scan`: what runs in a cluster now, and what policies say about it.
struct Scan: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    static let configuration = CommandConfiguration(
        abstract: "Tell what policies say about everything that runs in a cluster now.",
        discussion: """
            Reads Pods, what makes them, and other kinds that the policies name, and asks of each whether it would be \
            admitted if it were sent now, against real registries. Prints a line for each namespace and image. Writes \
            nothing. What has ended is passed over, and so are rules that ask who sends a request.

            Exit codes: 0 nothing would be denied, 1 something would be, 2 a policy or the cluster cannot be read, 64 \
            wrong usage.

            Without --kubeconfig it asks the cluster that it runs in, or else the one that kubectl would ask.

            Examples:
              countersign scan
              countersign scan --kubeconfig admin.conf --policies policies/ --output json
            """
    )

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Files and folders of policies to ask instead of those in the cluster; - reads standard input.",
            valueName: "path"))
    var policies: [String] = []

    @Flag(help: "Honour the PolicyException objects; otherwise they are ignored.")
    var exceptions = false

    @OptionGroup(title: "The cluster")
    var access: ClusterAccess

    @Option(help: ArgumentHelp("Look at one namespace only.", valueName: "name"))
    var namespace: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Namespaces to pass over, since no webhook looks at them.", valueName: "name"))
    var excludeNamespaces = DesiredWebhooks.systemNamespaces.sorted() + [Installation.standardName]

    @Option(help: ArgumentHelp("How long the check of one object may take.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(30), description: "30s")

    @Option(help: "table for people, json for programs.")
    var output: Output = .table

    @OptionGroup(title: "Registries")
    var registry: RegistryOptions

    /// What the command ends with when a policy or the cluster cannot be read.
    private static let unreadable = ExitCode(2)
    /// Objects that are looked at side by side: nobody else has to be spared, as in the background.
    private static let width = 16

    func validate() throws {
        guard timeout.value > .zero else { throw ValidationError("--timeout must be more than 0") }
    }

    func run() async throws {
        let report: ScanReport
        do {
            report = try await scan()
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.print("error: \(error)")
            throw Self.unreadable
        }
        switch output {
        case .table: print(ScanTable(report).text, terminator: "")
        case .json: print(String(decoding: report.json, as: UTF8.self))
        }
        if !report.denied.isEmpty { throw ExitCode(1) }
    }

    private func scan() async throws -> ScanReport {
        let http = try HTTPClient(registry.client())
        defer { http.close() }
        let api = try connect(http)

        // (1) The policies, as far as they speak about what exists.
        let loaded = try await loadPolicies(api)
        for rule in loaded.rulesThatAskForSender {
            StandardError.print("note: rule \(rule) asks who sends a request, and is passed over")
        }
        let snapshot = loaded.ofExistingObjects(includingAll: true)

        // (2) The kinds that they look at, and how much there is.
        let targets = ScanTarget.targets(of: snapshot, known: try await Discovery(api).resources())
        let facts = LiveFacts(api, namespace: Installation.standardName)
        let following = Task { await facts.run() }
        defer { following.cancel() }
        let verifier = ImageVerifier(registry: RegistryClient(http: http, configuration: try registry.configuration()))
        let evaluator = Evaluator(
            policies: snapshot, verifier: verifier, facts: facts,
            pullSecrets: LivePullSecrets(api, namespace: Installation.standardName))
        let scan = WorkloadScan(
            api: api, rehearsal: Rehearsal(evaluator: evaluator, timeout: timeout.value),
            options: WorkloadScan.Options(
                namespace: namespace, excludedNamespaces: Set(excludeNamespaces).subtracting([namespace ?? ""]),
                onlyRunning: true, width: Self.width))

        // (3) What they say.
        var report = ScanReport()
        let bar = ProgressBar(total: await scan.count(targets), of: "objects")
        defer { bar.clear() }
        _ = try await scan.run(targets) { step in
            switch step {
            case .read(let count): bar.show(count)
            case .scanned(let object): report.add(object)
            }
        }
        return report
    }

    /// The cluster that the flags name, else the one that this runs in, else the one that kubectl would ask.
    private func connect(
        _ http: HTTPClient, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> KubernetesClient {
        if let configuration = try access.configuration() {
            return KubernetesClient(http: http, configuration: configuration)
        }
        let named = environment["KUBECONFIG"]?.split(separator: ":").map(String.init) ?? []
        let usual = environment["HOME"].map { [$0 + "/.kube/config"] } ?? []
        let files = named.isEmpty ? usual : named
        guard let file = files.first(where: FileManager.default.fileExists(atPath:)) else {
            throw StartError(description: "there is no cluster to ask: give --kubeconfig FILE")
        }
        do throws(APIFailure) {
            let configuration = try ClusterConfiguration(kubeconfig: file, environment: environment)
            return KubernetesClient(http: http, configuration: configuration)
        } catch {
            throw StartError(description: "\(file): \(error)")
        }
    }

    /// - Throws: exit code 2, once everything that cannot be read is told on standard error.
    private func loadPolicies(_ api: any KubernetesAPI) async throws -> PolicySnapshot {
        let snapshot: PolicySnapshot
        if policies.isEmpty {
            let collection = try await StoredPolicies.read(from: api, honoursExceptions: exceptions)
            for outcome in collection.outcomes where !outcome.isHonoured {
                StandardError.print("note: \(printable("\(outcome.id): \(outcome.summary)", limit: 4096))")
            }
            snapshot = collection.snapshot()
        } else {
            let loaded = PolicyLoader.load(
                PolicyFiles(reading: policies, standardInput: RehearsalInput.standardInput),
                honoursExceptions: exceptions)
            for note in loaded.notes { StandardError.print("note: \(note)") }
            for problem in loaded.problems { StandardError.print("error: \(problem)") }
            guard let honoured = loaded.snapshot else { throw Self.unreadable }
            snapshot = honoured
        }
        // A pipeline whose step before failed sends nothing, and must not take that for a pass.
        guard !snapshot.policies.isEmpty else {
            let place = policies.isEmpty ? "the cluster" : policies.joined(separator: ", ")
            StandardError.print("error: there is no policy with verifyImages rules in \(place)")
            throw Self.unreadable
        }
        return snapshot
    }
}
