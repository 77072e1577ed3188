import Admission
import Kubernetes
import Metrics
import Policy
import Rehearsal
import Synchronization
import Verification

/// Looks at what exists, now and then and when the policies change, and writes PolicyReports about it.
///
/// Only the leader does; policies with `background: false` and rules that ask who sends a request are left out.
///
/// Source: Kyverno, "Background Scans".
public final class BackgroundScanner: Sendable {
    public struct Configuration: Sendable {
        /// Between the end of a scan and the next.
        public var interval: Duration
        /// Before a scan that failed is tried again.
        public var retryInterval: Duration
        /// How long the policies must have stayed as they are: many files are often applied in a row.
        public var settling: Duration
        /// How often it is looked whether it is time.
        public var look: Duration
        /// What the policies are asked about; ``WorkloadScan/Options/rate`` keeps the scan from being felt.
        public var scan: WorkloadScan.Options
        /// How long the check of one object may take. Nobody waits for it, but the whole scan does, and the end of the
        /// process.
        public var timeout: Duration = .seconds(10)

        /// Objects a second: ten thousand take two minutes, and a list of 50 is asked for every half second.
        public static let standardRate = 100

        /// - Parameter excludedNamespaces: Those that no webhook is asked about.
        public init(
            interval: Duration = .seconds(3600), retryInterval: Duration = .seconds(60),
            settling: Duration = .seconds(2), look: Duration = .seconds(1),
            excludedNamespaces: Set<String> = DesiredWebhooks.systemNamespaces.union([Installation.standardName]),
            rate: Int? = standardRate, pageSize: Int = 50
        ) {
            self.interval = interval
            self.retryInterval = retryInterval
            self.settling = settling
            self.look = look
            scan = WorkloadScan.Options(
                excludedNamespaces: excludedNamespaces, rate: rate, pageSize: pageSize)
        }
    }

    /// What an operator may want to read in the log.
    public enum Event: Sendable, Equatable {
        /// - policies: How many count.
        case began(policies: Int)
        /// Told every few thousand objects.
        case progress(objects: Int)
        case ended(Summary)
        /// The policies changed, or another replica leads now: it begins anew, or ends here.
        case interrupted
        case failed(String)
        /// A kind that may not be listed, so that nothing is known of its objects; told once.
        case forbidden(WorkloadScan.Failure)
        /// Reports that could not be written or removed, and why the first could not.
        case reportsFailed(count: Int, APIFailure)
    }

    /// What a complete scan came to.
    public struct Summary: Sendable, Equatable {
        public var objects = 0
        /// Results by rule and image.
        public var pass = 0
        public var fail = 0
        public var skip = 0
        public var error = 0
        public var reportsWritten = 0
        public var reportsRemoved = 0
        /// False where the cluster has no PolicyReports.
        public var hasReports = false
    }

    /// The kinds that the API server has, beside those that every one has.
    public typealias Kinds = @Sendable () async throws(APIFailure) -> [ResourceType]

    private let api: any KubernetesAPI
    private let policies: @Sendable () -> PolicySnapshot?
    private let verifier: ImageVerifier
    private let facts: any ClusterFacts
    private let pullSecrets: (any PullSecrets)?
    private let leadership: any Leadership
    private let configuration: Configuration
    private let kinds: Kinds
    private let metrics: ScanMetrics
    private let reportMetrics: ReportMetrics
    /// The kinds of which it is told that they may not be listed.
    private let told = Mutex<Set<ResourceType>>([])
    private let observer: @Sendable (Event) -> Void

    /// Objects between two lines of the log.
    static let progressInterval = 5_000

    /// - Parameters:
    ///   - policies: Those in force; nil before they are known.
    ///   - observer: Told what happens, for the log.
    public init(
        api: any KubernetesAPI, policies: @escaping @Sendable () -> PolicySnapshot?, verifier: ImageVerifier,
        facts: any ClusterFacts, pullSecrets: (any PullSecrets)? = nil, leadership: any Leadership,
        configuration: Configuration = Configuration(),
        kinds: @escaping Kinds = { () throws(APIFailure) in [] }, metrics: MetricsRegistry,
        reportMetrics: ReportMetrics,
        observer: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.api = api
        self.policies = policies
        self.verifier = verifier
        self.facts = facts
        self.pullSecrets = pullSecrets
        self.leadership = leadership
        self.configuration = configuration
        self.kinds = kinds
        self.metrics = ScanMetrics(metrics)
        self.reportMetrics = reportMetrics
        self.observer = observer
    }

    /// How a scan ended.
    private enum End: String {
        case complete, interrupted, failed
    }

    /// Scans whenever it is time, until the task is cancelled.
    public func run() async {
        var seen: (snapshot: PolicySnapshot, since: ContinuousClock.Instant)?
        var scanned: PolicySnapshot?
        var hasResults = false
        var next = ContinuousClock.now
        while (try? await Task.sleep(for: configuration.look)) != nil {
            guard leadership.isLeader, let snapshot = policies() else {
                // Whoever leads next, or this replica once more, begins with a scan.
                (seen, scanned) = (nil, nil)
                if hasResults, !leadership.isLeader {
                    metrics.forget()
                    hasResults = false
                }
                continue
            }
            if seen?.snapshot !== snapshot { seen = (snapshot, .now) }
            guard let since = seen?.since, .now - since >= configuration.settling,
                snapshot !== scanned || .now >= next
            else { continue }
            switch await scan(snapshot) {
            case .complete:
                (scanned, next) = (snapshot, .now + configuration.interval)
                hasResults = true
            case .failed: (scanned, next) = (snapshot, .now + configuration.retryInterval)
            case .interrupted: scanned = nil
            }
        }
    }

    private func scan(_ policies: PolicySnapshot) async -> End {
        let end = await scanned(policies)
        metrics.scans.metric(end.rawValue).increment()
        metrics.progress.set(0)
        return end
    }

    private func scanned(_ policies: PolicySnapshot) async -> End {
        let begin = ContinuousClock.now
        let snapshot = policies.ofExistingObjects()
        observer(.began(policies: snapshot.policies.count))
        let goesOn: @Sendable () -> Bool = { [leadership, current = self.policies] in
            leadership.isLeader && current() === policies && !Task.isCancelled
        }

        // (1) What the reports say so far.
        var reports = ReportWriter(
            api, rules: ReportRules(asked: snapshot, inForce: policies), rate: configuration.scan.rate)
        defer { reportMetrics.record(reports.counts) }
        do throws(APIFailure) {
            try await reports.begin(goesOn: goesOn)
        } catch {
            guard goesOn() else { return interrupted() }
            observer(.failed("reports cannot be read: \(error)"))
            return .failed
        }

        // (2) What exists, and what the policies say about it.
        let evaluator = Evaluator(
            policies: snapshot, verifier: verifier, facts: facts, pullSecrets: pullSecrets)
        let scan = WorkloadScan(
            api: api, rehearsal: Rehearsal(evaluator: evaluator, timeout: configuration.timeout),
            options: configuration.scan)
        var summary = Summary()
        let ending: WorkloadScan.Ending
        do {
            let targets = try await targets(of: snapshot)
            ending = try await scan.run(targets, goesOn: goesOn) { step in
                switch step {
                case .read(let count): progress(from: summary.objects, to: count, &summary)
                case .scanned(let object):
                    summary.add(object)
                    if goesOn() { await reports.put(object, at: Timestamp.unixSeconds()) }
                }
            }
        } catch {
            guard goesOn() else { return interrupted() }
            observer(.failed("\(error)"))
            return .failed
        }
        // (3) What there is nothing to say about any more, once everything was looked at.
        if ending.isComplete {
            tell(ending.forbidden)
            await reports.removeObsolete(
                scanned: ending.kinds, watches: ScanTarget.watches(snapshot), goesOn: goesOn)
        }
        if let failure = reports.failure { observer(.reportsFailed(count: reports.counts.failed, failure)) }
        guard ending.isComplete else { return interrupted() }
        summary.reportsWritten = reports.counts.written
        summary.reportsRemoved = reports.counts.removed
        summary.hasReports = reports.isPossible
        metrics.record(summary.results)
        metrics.duration.set((ContinuousClock.now - begin) / .seconds(1))
        metrics.lastSuccess.set(Timestamp.unixSeconds())
        observer(.ended(summary))
        return .complete
    }

    private func interrupted() -> End {
        observer(.interrupted)
        return .interrupted
    }

    /// - Throws: ``APIFailure`` where the policies look at kinds that nobody can find: their objects are there all the
    ///   same.
    private func targets(of snapshot: PolicySnapshot) async throws(APIFailure) -> [ScanTarget] {
        do throws(APIFailure) {
            return ScanTarget.targets(of: snapshot, known: try await kinds())
        } catch {
            guard !ScanTarget.needsDiscovery(snapshot) else { throw error }
            return ScanTarget.targets(of: snapshot)
        }
    }

    /// Tells of each kind that may not be listed once, until it may.
    private func tell(_ forbidden: [WorkloadScan.Failure]) {
        let new = told.withLock { told in
            defer { told = Set(forbidden.map(\.type)) }
            return forbidden.filter { !told.contains($0.type) }
        }
        for failure in new { observer(.forbidden(failure)) }
    }

    private func progress(from old: Int, to count: Int, _ summary: inout Summary) {
        summary.objects = count
        metrics.progress.set(count)
        if old / Self.progressInterval < count / Self.progressInterval { observer(.progress(objects: count)) }
    }
}

extension BackgroundScanner.Summary {
    fileprivate var results: [Row.Result: Int] { [.pass: pass, .fail: fail, .skip: skip, .error: error] }

    fileprivate mutating func add(_ object: ScannedObject) {
        // A rule that names none of the images has nothing to say.
        for row in object.report.rows where row.image != nil || row.result != .skip {
            switch row.result {
            case .pass: pass += 1
            case .fail: fail += 1
            case .skip: skip += 1
            case .error: error += 1
            }
        }
    }
}

extension BackgroundScanner.Event: CustomStringConvertible {
    /// Whether somebody should look into it.
    public var isProblem: Bool {
        switch self {
        case .failed, .forbidden, .reportsFailed: true
        case .began, .progress, .ended, .interrupted: false
        }
    }

    /// A line for the log.
    public var description: String {
        switch self {
        case .began(let policies): "background scan with \(policies) policies begins"
        case .progress(let objects): "background scan has read \(objects) objects"
        case .ended(let summary):
            "background scan of \(summary.objects) objects ended: \(summary.pass) pass, \(summary.fail) fail, "
                + "\(summary.skip) skip, \(summary.error) error"
                + (summary.hasReports
                    ? "; reports: \(summary.reportsWritten) written, \(summary.reportsRemoved) removed"
                    : "; the cluster has no PolicyReports")
        case .interrupted: "background scan interrupted"
        case .failed(let why): "background scan failed: \(why)"
        case .forbidden(let failure): "the background scan goes on without some objects: \(failure)"
        case .reportsFailed(let count, let failure):
            "\(count) PolicyReports could not be written or removed, the first because \(failure)"
        }
    }
}
