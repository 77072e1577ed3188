import Admission
import Cluster
import HTTPClient
import HTTPServer
import Logging
import Metrics
import OpenSSL
import Policy
import Registry
import Synchronization
import Verification

/// Everything that a server needs, put together: wiring, and the order of start and end.
struct Gate: Sendable {
    struct Configuration: Sendable {
        var listen: ListenAddress
        var metricsListen: ListenAddress?
        var policies: PolicySource
        /// Nil for a server that no cluster is told about.
        var cluster: ClusterMember.Configuration?
        var facts = FactsSource.none
        var certificate: CertificateSource
        var client: HTTPClient.Configuration
        var registry: RegistryConfiguration
        var verifier: ImageVerifier.Configuration
    }

    /// Where reviews are answered, once the port is known.
    let address: String
    private let http: HTTPClient
    private let server: Server
    private let metricsServer: Server?
    private let service: AdmissionService
    private let operations: OperationsService
    private let metrics: GateMetrics
    private let configuration: Configuration
    private let policies: PolicySource.Loaded
    private let facts: FactsSource.Loaded
    private let certificate: CertificateSource.Loaded
    private let registry: RegistryClient
    private let cluster: ClusterMember?
    private let log: Log

    /// Reads policies and certificate, and listens; nothing is answered before ``start()``.
    ///
    /// - Throws: ``StartError`` for what an operator can mend.
    init(_ configuration: Configuration, log: Log) throws {
        self.log = log
        self.configuration = configuration
        policies = try configuration.policies.load(isWhole: configuration.cluster == nil, log: log.logger)
        facts = try configuration.facts.load(log: log.logger)
        certificate = try configuration.certificate.load(log: log.logger)

        metrics = GateMetrics()
        http = try HTTPClient(configuration.client)
        let observer = metrics.registryObserver
        let registry = RegistryClient(http: http, configuration: configuration.registry, observer: observer)
        self.registry = registry
        let verifier = ImageVerifier(registry: registry, configuration: configuration.verifier)

        let facts = facts.facts
        func layer(_ live: LiveFacts) -> any ClusterFacts {
            configuration.facts.isNone ? live : LayeredFacts(facts, over: live)
        }
        let (http, metrics, files) = (http, metrics, policies.result)
        cluster = try configuration.cluster.map {
            try ClusterMember(
                $0, http: http, files: files, verifier: verifier, layer: layer, metrics: metrics.registry,
                log: log.logger)
        }
        let operations = OperationsService { metrics.render() }
        self.operations = operations
        // In a cluster nothing is answered before all policies are known.
        service = AdmissionService(
            policies: cluster == nil ? policies.snapshot : nil,
            policyReviews: PolicyReviewService(honoursExceptions: configuration.cluster?.honoursExceptions ?? false),
            verifier: verifier, facts: cluster.map { layer($0.facts) } ?? facts, pullSecrets: cluster?.pullSecrets,
            log: log.decisions, metrics: metrics.admission, operations: operations,
            observers: cluster?.observers ?? [])
        server = try Server(
            Server.Configuration(
                host: configuration.listen.host, port: configuration.listen.port, tls: certificate.context),
            service: service)
        metricsServer = try configuration.metricsListen.map {
            var plain = Server.Configuration(host: $0.host, port: $0.port)
            plain.loops = 1
            return try Server(plain, service: operations)
        }
        address = ListenAddress(host: configuration.listen.host, port: server.port).description
        metrics.watch(verifier: verifier, server: server, sink: log.sink)
        metrics.policiesLoaded(policies.snapshot.policies.count)
        metrics.certificateExpires(certificate.context.certificate.notAfter)
    }

    /// Begins to answer.
    func start() {
        server.start()
        metricsServer?.start()
        if cluster == nil { operations.becomeReady() }
    }

    /// Serves until SIGTERM or SIGINT, then drains: readiness goes false, requests in flight finish.
    func runUntilSignal() async {
        start()
        log.logger.notice("answering reviews", metadata: ["address": "https://\(address)"])
        if let metricsServer { log.logger.notice("answering metrics", metadata: ["port": "\(metricsServer.port)"]) }

        let watches = [
            Task { await watchPolicies() }, Task { await watchCertificate() },
            Task { await configuration.facts.watch(facts, log: log.logger) }, Task { await takePart() },
        ]
        let signal = await Signals.next()
        log.logger.notice("draining", metadata: ["signal": "\(signal)"])
        await stop(ending: watches)
        log.logger.notice("stopped")
        log.sink.flush()
    }

    /// - Parameter tasks: What keeps the server up to date, and may have something to give back, as the lease.
    func stop(ending tasks: [Task<Void, Never>] = []) async {
        operations.leave()
        // Side by side: one after the other they would take longer than either may.
        async let reviews: Void = server.drain()
        async let scrapes: Void? = metricsServer?.drain()
        async let others: Void = end(tasks)
        _ = await (reviews, scrapes, others)
        http.close()
    }

    /// Ends tasks once no new reviews come: until then they are decided by what is in force.
    private func end(_ tasks: [Task<Void, Never>]) async {
        guard !tasks.isEmpty else { return }
        try? await Task.sleep(for: Server.Deadlines().drainAccepts)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Reads the policies again when a file changes; a set that cannot be honoured leaves the last good one in place.
    private func watchPolicies() async {
        await configuration.policies.changes(since: policies) { result in
            for note in result.notes { log.logger.notice("\(note)") }
            guard let snapshot = result.snapshot else {
                for problem in result.problems { log.logger.error("\(problem)") }
                log.logger.error("the policies were not reloaded; the last good set stays in force")
                metrics.policyReloadFailed()
                return
            }
            if let cluster {
                cluster.policies.use(result)
            } else {
                use(snapshot)
            }
            log.logger.notice("policies reloaded", metadata: ["policies": "\(snapshot.policies.count)"])
        }
    }

    private func use(_ snapshot: PolicySnapshot) {
        service.use(snapshot)
        metrics.policiesLoaded(snapshot.policies.count)
    }

    /// Works as a member of the cluster, and becomes ready once all policies are known, there is a certificate, and the
    /// server's own pull secrets have been read, or it is known that they cannot be.
    private func takePart() async {
        guard let cluster else { return }
        var awaited: Set<Beginnings.Part> = [.policies]
        if cluster.certificates != nil { awaited.insert(.certificate) }
        if configuration.cluster?.pullSecrets.isEmpty == false { awaited.insert(.pullSecrets) }
        let beginnings = Beginnings(awaited: awaited) {
            operations.becomeReady()
            log.logger.notice("ready: the policies of the cluster are known")
        }
        await cluster.run(
            use: { snapshot in
                use(snapshot)
                beginnings.came(.policies)
            },
            serve: { serving in
                server.replaceTLS(serving.context)
                metrics.certificateExpires(serving.context.certificate.notAfter)
                beginnings.came(.certificate)
            },
            keychain: { keychain in
                registry.useServerKeychain(keychain)
                beginnings.came(.pullSecrets)
            })
    }

    private func watchCertificate() async {
        await configuration.certificate.changes(since: certificate) { result in
            switch result {
            case .success(let context):
                server.replaceTLS(context)
                metrics.certificateExpires(context.certificate.notAfter)
                log.logger.notice("certificate reloaded")
            case .failure(let error):
                log.logger.error("the certificate was not reloaded: \(error)")
            }
        }
    }
}

/// Why the server did not start, in words for an operator.
struct StartError: Error, CustomStringConvertible {
    let description: String
}

/// Waits for what has to come once before something happens.
private final class Beginnings: Sendable {
    enum Part {
        case policies, certificate, pullSecrets
    }

    private let missing: Mutex<Set<Part>>
    private let complete: @Sendable () -> Void

    init(awaited: Set<Part>, _ complete: @escaping @Sendable () -> Void) {
        missing = Mutex(awaited)
        self.complete = complete
    }

    func came(_ part: Part) {
        let isLast = missing.withLock { $0.remove(part) != nil && $0.isEmpty }
        if isLast { complete() }
    }
}
