import Admission
import Cluster
import FoundationEssentials
import HTTPClient
import Kubernetes
import Logging
import Metrics
import Policy
import Registry
import Verification

/// What a server is and does in a cluster besides answering reviews: wiring of the controllers, and what they tell the
/// log and the metrics.
struct ClusterMember: Sendable {
    struct Configuration: Sendable {
        var access: ClusterConfiguration
        var installation: Installation
        /// The folder of the definitions to make where the cluster has none; nil makes none.
        var definitions: String?
        var backgroundInterval: Duration
        /// The server's own pull secrets, in its namespace.
        var pullSecrets: [String]
        var honoursExceptions: Bool
        /// What the webhooks trust where the certificate comes from files; nil where it is made here.
        var caBundle: CABundle?
        var excludedNamespaces: Set<String>
    }

    let facts: LiveFacts
    let pullSecrets: LivePullSecrets
    private let events: EventRecorder
    private let reports: ReportRecorder
    /// Who hears of decisions.
    var observers: [any DecisionObserver] { [events, reports] }
    let policies: PolicyController
    /// Nil where the certificate comes from files.
    let certificates: CertificateController?
    private let api: any KubernetesAPI
    private let configuration: Configuration
    private let leader: LeaderElection
    private let statuses: StatusWriter
    private let definitions: DefinitionInstaller?
    private let registrar: WebhookRegistrar
    private let scanner: BackgroundScanner
    /// What the webhooks are registered for, and what they trust.
    private let registered = Latest<PolicySnapshot?>(nil)
    private let trusted: Latest<CABundle?>
    private let metrics: ClusterMetrics
    private let logger: Logger

    /// - Parameter files: The policies of files.
    /// - Throws: ``StartError`` for what an operator can mend. Nothing is asked of the cluster yet.
    init(
        _ configuration: Configuration, http: HTTPClient, files: LoadResult?, verifier: ImageVerifier,
        layer: (LiveFacts) -> any ClusterFacts, metrics registry: MetricsRegistry, log logger: Logger
    ) throws {
        self.configuration = configuration
        let metrics = ClusterMetrics(registry)
        self.metrics = metrics
        self.logger = logger
        let installation = configuration.installation
        let api = KubernetesClient(
            http: http, configuration: configuration.access, observer: metrics.observer)
        self.api = api
        let instance = ProcessInfo.processInfo.hostName

        facts = LiveFacts(api, namespace: installation.namespace)
        pullSecrets = LivePullSecrets(api, namespace: installation.namespace)
        events = EventRecorder(api: api, instance: instance, metrics: registry)
        policies = PolicyController(
            api: api, files: files, honoursExceptions: configuration.honoursExceptions,
            unseenNamespaces: configuration.excludedNamespaces.union([installation.namespace])
        ) { event in logger.log(level: event.isProblem ? .warning : .notice, "\(event)") }

        let leader = LeaderElection(
            api, lease: ObjectName(Installation.name, namespace: installation.namespace),
            identity: "\(instance)_\(UUID().uuidString.lowercased())",
            observer: { event in Self.tell(event, to: logger, metrics) })
        self.leader = leader
        statuses = StatusWriter(api: api, controller: policies, leadership: leader) { event in
            logger.warning("\(event)")
        }
        definitions = try configuration.definitions.map { folder in
            try DefinitionInstaller(
                api: api, definitions: DefinitionInstaller.Definitions(folder: folder), leadership: leader
            ) { event in logger.notice("\(event)") }
        }

        trusted = Latest(configuration.caBundle)
        let discovery = Discovery(api)
        registrar = WebhookRegistrar(
            api,
            configuration: WebhookRegistrar.Configuration(
                installation: installation, excludedNamespaces: configuration.excludedNamespaces),
            policies: registered, caBundle: trusted, leadership: leader,
            discovery: { try? await discovery.resources() }, forgetKinds: { discovery.forget() },
            observer: { event in Self.tell(event, to: logger) })
        if configuration.caBundle == nil {
            certificates = CertificateController(
                api, installation, leadership: leader, carried: registrar.registeredCABundles,
                report: { event in
                    metrics.certificates.count(event)
                    logger.log(level: event.isProblem ? .warning : .notice, "\(event)")
                })
        } else {
            certificates = nil
        }

        let state = policies.state
        let reportMetrics = ReportMetrics(registry)
        reports = ReportRecorder(
            api: api, policies: { state.value.snapshot }, metrics: reportMetrics, registry: registry)
        scanner = BackgroundScanner(
            api: api, policies: { state.value.snapshot }, verifier: verifier, facts: layer(facts),
            pullSecrets: pullSecrets, leadership: leader,
            configuration: BackgroundScanner.Configuration(
                interval: configuration.backgroundInterval,
                excludedNamespaces: configuration.excludedNamespaces.union([installation.namespace])),
            kinds: { () throws(APIFailure) in try await discovery.resources() },
            metrics: registry, reportMetrics: reportMetrics, observer: { event in Self.tell(event, to: logger) })

        metrics.watch(facts)
    }

    /// Lists of a whole cluster come and go; what they needed is seldom needed again.
    private static let tidyingInterval = Duration.seconds(30)

    /// Works until the task is cancelled; the lease is given back then.
    ///
    /// - Parameters:
    ///   - use: Called with the policies in force, at first when all are known.
    ///   - serve: Called with the certificate to serve with, where it is made here.
    ///   - keychain: Called with what the server's own pull secrets open.
    func run(
        use: @escaping @Sendable (PolicySnapshot) -> Void, serve: @escaping @Sendable (ServingCertificate) -> Void,
        keychain: @escaping @Sendable (Keychain) -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leader.run() }
            group.addTask { await self.facts.run() }
            group.addTask { await self.policies.run() }
            group.addTask { await self.statuses.run() }
            group.addTask { await self.registrar.run() }
            group.addTask { await self.events.run() }
            group.addTask { await self.reports.run() }
            group.addTask { await self.followPolicies(use) }
            group.addTask { await SpareMemory.giveBack(every: Self.tidyingInterval) }
            if self.configuration.backgroundInterval > .zero { group.addTask { await self.scan() } }
            if let definitions = self.definitions { group.addTask { await definitions.run() } }
            if let certificates = self.certificates {
                group.addTask { await certificates.run() }
                group.addTask {
                    for await pem in certificates.bundle.values() { self.trusted.set(pem.map { .pem($0) }) }
                }
                group.addTask {
                    for await serving in certificates.serving.values() { if let serving { serve(serving) } }
                }
            }
            if !self.configuration.pullSecrets.isEmpty {
                let secrets = ServerPullSecrets(
                    self.api, namespace: self.configuration.installation.namespace,
                    names: self.configuration.pullSecrets)
                group.addTask {
                    await secrets.run { secrets in
                        for problem in secrets.problems { self.logger.warning("--image-pull-secrets: \(problem)") }
                        keychain(secrets)
                    }
                }
            }
        }
    }

    /// Scans until the task is cancelled, and does not wait then for what the scan is at: a check or a list may take
    /// longer than the process has to end, and what it comes to is written by nobody.
    private func scan() async {
        let scanning = Task { await scanner.run() }
        let (never, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        continuation.finish()
        scanning.cancel()
    }

    private func followPolicies(_ use: @Sendable (PolicySnapshot) -> Void) async {
        for await state in policies.state.values() {
            metrics.policies(state)
            guard let snapshot = state.snapshot else { continue }
            // Answers come before the API server is told to ask.
            use(snapshot)
            registered.set(snapshot)
        }
    }

    private static func tell(_ event: LeaderElection.Event, to logger: Logger, _ metrics: ClusterMetrics) {
        switch event {
        case .began:
            metrics.leads(true)
            logger.notice(
                "this replica leads: it writes webhook configurations and statuses, and scans in the background")
        case .ended(let reason):
            metrics.leads(false)
            logger.notice("this replica does not lead any more: \(reason)")
        case .other(let identity): logger.notice("another replica leads", metadata: ["holder": "\(identity)"])
        case .failed(let failure): logger.warning("the lease cannot be taken or renewed: \(failure)")
        }
    }

    private static func tell(_ event: BackgroundScanner.Event, to logger: Logger) {
        switch event {
        case .failed, .forbidden, .reportsFailed: logger.warning("\(event)")
        case .began, .progress, .ended, .interrupted: logger.info("\(event)")
        }
    }

    private static func tell(_ event: WebhookRegistrar.Event, to logger: Logger) {
        switch event {
        case .wrote(let name): logger.notice("webhooks registered", metadata: ["configuration": "\(name)"])
        case .deleted(let name): logger.notice("webhooks removed", metadata: ["configuration": "\(name)"])
        case .failed(let name, let failure): logger.warning("\(name) cannot be written: \(failure)")
        case .unknownKinds(let kinds):
            logger.warning(
                "the API server has no such kind yet; the webhook is registered by a guess",
                metadata: ["kinds": "\(kinds.joined(separator: ", "))"])
        case .altered(let name): logger.warning("the API server stores \(name) other than it was written")
        }
    }
}
