import Admission
import Kubernetes
import Metrics
import Policy

/// Writes Events on policies and on the objects that they deny or complain about.
///
/// Every replica writes those of its own decisions. What comes faster than it may be written is counted together, and
/// what does not fit is dropped: an Event is a hint for people, the log and the metrics are complete.
public final class EventRecorder: DecisionObserver {
    /// How fast Events are written; for tests, otherwise ``standard``.
    public struct Pace: Sendable {
        /// How often it is looked what waits.
        public var look: Duration
        /// Events at once, after some quiet.
        public var burst: Int
        /// Events a second after that: a cluster whose every pod is denied must not drown in them.
        public var rate: Double

        public init(look: Duration, burst: Int, rate: Double) {
            self.look = look
            self.burst = burst
            self.rate = rate
        }

        public static let standard = Pace(look: .milliseconds(500), burst: 25, rate: 5)
    }

    private let api: any KubernetesAPI
    private let text: EventText
    private let pace: Pace
    private let queue = EventQueue()
    private let written: Counter
    private let failed: Counter
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - instance: The name of this replica, as of its Pod.
    ///   - now: The wall clock, in Unix seconds.
    public init(
        api: any KubernetesAPI, instance: String, metrics: MetricsRegistry, pace: Pace = .standard,
        now: @escaping @Sendable () -> Int = Timestamp.unixSeconds
    ) {
        self.api = api
        text = EventText(instance: instance)
        self.pace = pace
        self.now = now
        let family = metrics.counters(
            "countersign_events_total", help: "Events written, and those that could not be.", labels: ["result"])
        written = family.metric("written")
        failed = family.metric("failed")
        let queue = queue
        metrics.counter("countersign_events_dropped_total", help: "Events that found no room.") {
            UInt64(max(0, queue.dropped))
        }
    }

    public func observe(_ request: AdmissionRequest, _ outcome: Outcome, policies: PolicySnapshot) {
        guard outcome.verdict.isNoteworthy else { return }
        let now = now()
        for draft in EventDraft.of(request, outcome) { queue.add(draft, at: now) }
    }

    /// Writes what is observed until the task is cancelled.
    public func run() async {
        var policies = PolicyIdentities(api)
        var allowance = Double(pace.burst)
        var begin = ContinuousClock.now
        while (try? await Task.sleep(for: pace.look)) != nil {
            let passed = ContinuousClock.now - begin
            begin = .now
            allowance = min(Double(pace.burst), allowance + passed / .seconds(1) * pace.rate)
            for item in queue.due(at: now(), limit: Int(allowance)) {
                guard await write(item, &policies) else { break }
                allowance -= 1
            }
        }
    }

    /// - Returns: false where the API server is away, so that there is no use in going on.
    private func write(_ item: EventQueue.Item, _ policies: inout PolicyIdentities) async -> Bool {
        do throws(APIFailure) {
            let object: ObjectReference?
            switch item.draft.subject {
            case .object(let reference): object = reference
            case .policy(let name): object = try await policies.reference(to: name, at: now())
            }
            // A policy from a file is no object that somebody could look at.
            if let object {
                let name = ObjectName(text.name(item, on: object), namespace: EventText.namespace(of: object))
                _ = try await api.apply(.events, name, text.body(item, on: object))
                written.increment()
            }
            queue.finish(item, at: now())
            return true
        } catch {
            switch error {
            case .unreachable, .credentials, .cancelled, .status(429, _, _): return false
            case .status(let status, _, _) where status >= 500:
                // It may be away, or fail at this one alone, which then must not stand in the way of all others.
                if queue.postpone(item, at: now()) { failed.increment() }
                return true
            case .status, .malformed:
                failed.increment()
                queue.finish(item, at: now())
                return true
            }
        }
    }
}

/// The policies as objects of the cluster. They are asked for one by one, because few have Events.
struct PolicyIdentities {
    private let api: any KubernetesAPI
    private var known: [ObjectName: (reference: ObjectReference?, since: Int)] = [:]

    /// How long an answer counts, in seconds: a policy that is made anew has another uid.
    private static let memory = 60
    /// Policies that are remembered at once.
    private static let capacity = 1_000

    init(_ api: any KubernetesAPI) { self.api = api }

    /// - Returns: nil when there is no such object.
    mutating func reference(to name: ObjectName, at now: Int) async throws(APIFailure) -> ObjectReference? {
        if let known = known[name], now - known.since < Self.memory { return known.reference }
        let type = name.namespace == nil ? ResourceType.clusterPolicies : .policies
        var reference: ObjectReference?
        do throws(APIFailure) {
            let object = try await api.get(type, name)
            reference = ObjectReference(
                apiVersion: type.apiVersion, kind: type.kind, namespace: name.namespace ?? "", name: name.name,
                uid: object["metadata"]?["uid"]?.string ?? "")
        } catch {
            guard error.isNotFound else { throw error }
        }
        if known.count >= Self.capacity { known = [:] }
        known[name] = (reference, now)
        return reference
    }
}
