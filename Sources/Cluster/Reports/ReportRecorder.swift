import Admission
import JSON
import Kubernetes
import Metrics
import Policy
import Rehearsal
import Synchronization

/// Writes into PolicyReports what was said of objects as they were admitted: at once what the background scan would say
/// at its next turn, and all that is ever said by policies with `background: false`.
///
/// Every replica writes what it decided, since no other one knows; ``ReportStore`` keeps them from undoing each other's
/// work. What does not fit is dropped, and left to the scan.
public final class ReportRecorder: DecisionObserver {
    /// How fast reports are written; for tests, otherwise ``standard``.
    public struct Pace: Sendable {
        /// How often it is looked what waits.
        public var look: Duration
        /// How long something waits at the least: the object is stored after all webhooks have answered, and a report on
        /// what is not there is garbage.
        public var settling: Duration
        /// Reports at once, after some quiet.
        public var burst: Int
        /// Reports a second after that; each is a read and, where it is news, a write.
        public var rate: Double
        /// How often it is looked whether the cluster has reports.
        public var probe: Duration

        public init(look: Duration, settling: Duration, burst: Int, rate: Double, probe: Duration) {
            self.look = look
            self.settling = settling
            self.burst = burst
            self.rate = rate
            self.probe = probe
        }

        public static let standard = Pace(
            look: .milliseconds(500), settling: .seconds(1), burst: 25, rate: 10, probe: .seconds(60))
    }

    private let api: any KubernetesAPI
    private let policies: @Sendable () -> PolicySnapshot?
    private let pace: Pace
    let queue = ReportQueue()
    private let isPossible = Atomic(false)
    private let metrics: ReportMetrics
    private let now: @Sendable () -> Int

    /// How often something is tried that the API server fails at.
    private static let maximumTries = 5

    /// Whether the cluster has PolicyReports, as far as is known.
    var hasReports: Bool { isPossible.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - policies: All that are in force; nil before they are known.
    ///   - now: The wall clock, in Unix seconds.
    public init(
        api: any KubernetesAPI, policies: @escaping @Sendable () -> PolicySnapshot?, metrics: ReportMetrics,
        registry: MetricsRegistry, pace: Pace = .standard,
        now: @escaping @Sendable () -> Int = Timestamp.unixSeconds
    ) {
        self.api = api
        self.policies = policies
        self.metrics = metrics
        self.pace = pace
        self.now = now
        let queue = queue
        registry.counter(
            "countersign_reports_dropped_total", help: "Reports on what was admitted that found no room."
        ) { UInt64(max(0, queue.dropped)) }
    }

    public func observe(_ request: AdmissionRequest, _ outcome: Outcome, policies: PolicySnapshot) {
        guard hasReports, outcome.phase == .validate, outcome.verdict.isAllowed,
            !outcome.rules.isEmpty, let object = Self.reference(to: request.attributes)
        else { return }
        let rows = Rehearsal.rows(of: outcome, kind: object.kind, namespace: object.namespace, name: object.name)
        let content = ReportContent(rows)
        // What is new has no report from which something could have to go.
        guard !content.entries.isEmpty || request.attributes.operation != .create else { return }
        queue.add(ReportQueue.Item(object: object, content: content, policies: policies, since: .now))
    }

    /// The object that was sent, as it will be stored; nil for what is sent about one, as its scale, and for what the
    /// background scan passes over.
    private static func reference(to attributes: ResourceAttributes) -> ObjectReference? {
        guard attributes.subresource.isEmpty || attributes.subresource == "ephemeralcontainers",
            let object = attributes.object, let metadata = object["metadata"],
            let uid = metadata["uid"]?.string, !uid.isEmpty, let name = metadata["name"]?.string
        else { return nil }
        let apiVersion = (attributes.group.isEmpty ? "" : attributes.group + "/") + attributes.version
        // A Namespace is sent as if it were within itself.
        let reference = ObjectReference(
            apiVersion: apiVersion, kind: attributes.kind, namespace: metadata["namespace"]?.string ?? "", name: name,
            uid: uid)
        return WorkloadScan.isIdle(object, ScannedKind(reference)) ? nil : reference
    }

    /// Writes what is observed until the task is cancelled.
    public func run() async {
        var allowance = Double(pace.burst)
        var begin = ContinuousClock.now
        var nextProbe = begin
        var rules = Rules()
        repeat {
            if .now >= nextProbe {
                await probe()
                nextProbe = .now + pace.probe
            }
            let passed = ContinuousClock.now - begin
            begin = .now
            allowance = min(Double(pace.burst), allowance + passed / .seconds(1) * pace.rate)
            guard let policies = policies() else { continue }
            var isAway = false
            for item in queue.take(limit: Int(allowance), waitingSince: begin - pace.settling) {
                if isAway {
                    queue.giveBack(item)
                } else {
                    isAway = await !write(item, rules.of(item.policies, among: policies))
                    allowance -= 1
                }
            }
        } while (try? await Task.sleep(for: pace.look)) != nil
    }

    /// While it is not known whether there are reports, that stays as it was.
    private func probe() async {
        do throws(APIFailure) {
            _ = try await api.page(.policyReports, .all, limit: 1, continuing: nil)
            isPossible.store(true, ordering: .relaxed)
        } catch {
            if error.isNotFound || error.isForbidden { isPossible.store(false, ordering: .relaxed) }
        }
    }

    /// - Returns: false where the API server is away, so that there is no use in going on.
    private func write(_ item: ReportQueue.Item, _ rules: ReportRules) async -> Bool {
        var counts = ReportWriter.Counts()
        defer { metrics.record(counts) }
        do throws(APIFailure) {
            counts.count(
                try await ReportStore(api)
                    .update(
                        item.object, item.content.limited(to: rules.inForce), rules, process: .admission, at: now()))
            return true
        } catch {
            var again = item
            again.tries += 1
            again.since = .now
            switch error {
            // The namespace, or the type, has gone.
            case .status(404, _, _): return true
            case .unreachable, .credentials, .cancelled, .status(429, _, _):
                queue.giveBack(item)
                return false
            case .status(let status, _, _) where (status >= 500 || status == 409) && again.tries < Self.maximumTries:
                queue.giveBack(again)
                return true
            case .status, .malformed:
                counts.failed += 1
                return true
            }
        }
    }

    /// The names of the rules of few sets of policies, which many items share.
    private struct Rules {
        private var inForce: PolicySnapshot?
        private var known: [ObjectIdentifier: (policies: PolicySnapshot, rules: ReportRules)] = [:]

        /// Sets of policies at once: those of a few changes in a row.
        private static let capacity = 8

        mutating func of(_ asked: PolicySnapshot, among all: PolicySnapshot) -> ReportRules {
            if inForce !== all { (inForce, known) = (all, [:]) }
            if let rules = known[ObjectIdentifier(asked)]?.rules { return rules }
            if known.count >= Self.capacity { known = [:] }
            let rules = ReportRules(asked: asked, inForce: all)
            known[ObjectIdentifier(asked)] = (asked, rules)
            return rules
        }
    }
}
