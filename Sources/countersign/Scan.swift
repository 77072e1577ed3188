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
            admitted if somebody sent it now whom no policy knows, against real registries. Prints a line for each \
            namespace and image. Writes nothing. What has ended is passed over, and so are rules that match requests of \
            some users only.

            Exit codes: 0 nothing would be denied, 1 something would be, 2 a policy or some of the cluster cannot be \
            read, 64 wrong usage.

            Without --kubeconfig it asks as kubectl does: the files of KUBECONFIG, or the cluster that it runs in, or \
            ~/.kube/config.

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
        help: ArgumentHelp(
            "Namespaces to pass over, since no webhook looks at them, besides that of Countersign.", valueName: "name"))
    var excludeNamespaces = DesiredWebhooks.systemNamespaces.sorted()

    @Option(
        help: ArgumentHelp(
            "The namespace of Countersign (default: the pod's, or \(Installation.standardName)).", valueName: "name"))
    var installationNamespace: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Secrets in that namespace with registry credentials that are good for every pod, as the server is given.",
            valueName: "name"))
    var imagePullSecrets: [String] = []

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
        let (report, forbidden): (ScanReport, [WorkloadScan.Failure])
        do {
            (report, forbidden) = try await scan()
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
        for failure in forbidden { StandardError.print("error: \(printable("\(failure)", limit: 4096))") }
        // What was not seen may be worse than what was.
        if !forbidden.isEmpty { throw Self.unreadable }
        if !report.denied.isEmpty { throw ExitCode(1) }
    }

    /// - Returns: also what could not be listed for want of a right.
    private func scan() async throws -> (ScanReport, [WorkloadScan.Failure]) {
        let http = try HTTPClient(registry.client())
        defer { http.close() }
        let configuration = try access.configurationAsKubectl()
        let api = KubernetesClient(http: http, configuration: configuration)
        // In the cluster the pod's namespace is ours; a context's is whatever its owner works in.
        let ours =
            installationNamespace ?? (configuration.isInCluster ? configuration.namespace : nil)
            ?? Installation.standardName
        try await checkNamespace(api)

        // (1) The policies, as far as they speak about what exists.
        let loaded = try await loadPolicies(api)
        for rule in loaded.rulesOfKnownSenders {
            StandardError.print("note: rule \(printable(rule)) matches some users only, and is passed over")
        }
        let snapshot = loaded.ofUnknownSender()
        guard !snapshot.policies.isEmpty else {
            throw StartError(description: "there is nothing to ask: every rule matches requests of some users only")
        }

        // (2) The kinds that they look at, and how much there is.
        let targets = ScanTarget.targets(of: snapshot, known: try await Discovery(api).resources())
        let facts = LiveFacts(api, namespace: ours)
        let following = Task { await facts.run() }
        defer { following.cancel() }
        let client = RegistryClient(http: http, configuration: try registry.configuration())
        await useSecrets(api, of: ours, for: client)
        let verifier = ImageVerifier(registry: client)
        let evaluator = Evaluator(
            policies: snapshot, verifier: verifier, facts: facts,
            pullSecrets: LivePullSecrets(api, namespace: ours))
        let scan = WorkloadScan(
            api: api, rehearsal: Rehearsal(evaluator: evaluator, timeout: timeout.value),
            options: WorkloadScan.Options(
                namespace: namespace,
                excludedNamespaces: Set(excludeNamespaces + [ours]).subtracting([namespace ?? ""]),
                onlyRunning: true, width: Self.width))

        // (3) What they say.
        var report = ScanReport()
        let bar = ProgressBar(total: await scan.count(targets), of: "objects")
        defer { bar.clear() }
        let ending = try await scan.run(targets) { step in
            switch step {
            case .read(let count): bar.show(count)
            case .scanned(let object): report.add(object)
            }
        }
        return (report, ending.forbidden)
    }

    /// A list of a namespace that does not exist is empty, and no pass.
    private func checkNamespace(_ api: any KubernetesAPI) async throws {
        guard let namespace else { return }
        do throws(APIFailure) {
            _ = try await api.get(.namespaces, ObjectName(namespace))
        } catch {
            // Who may look into a namespace need not be able to read it.
            guard !error.isForbidden else { return }
            throw StartError(description: "--namespace \(printable(namespace)): \(error)")
        }
    }

    /// Lets registries be asked with the accounts that the server has.
    private func useSecrets(_ api: any KubernetesAPI, of namespace: String, for client: RegistryClient) async {
        guard !imagePullSecrets.isEmpty else { return }
        let secrets = ServerPullSecrets(api, namespace: namespace, names: imagePullSecrets)
        let (keychains, told) = AsyncStream.makeStream(of: Keychain.self)
        let following = Task { await secrets.run { told.yield($0) } }
        defer { following.cancel() }
        for await keychain in keychains {
            for problem in keychain.problems {
                StandardError.print("note: --image-pull-secrets: \(printable(problem, limit: 4096))")
            }
            client.useServerKeychain(keychain)
            return
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
