import Admission
import JSON
import Kubernetes
import Policy
import Synchronization

/// Writes into each policy whether it is in force: the condition `Ready`, with a reason and a message.
///
/// Only the leader writes, only what differs, and the same thing once: where another controller writes over it, that
/// one has the last word, for two that disagree would write for ever.
public struct StatusWriter: Sendable {
    /// What an operator may want to read in the log.
    public enum Event: Sendable, CustomStringConvertible {
        /// It is tried again.
        case failed(PolicyID, APIFailure)

        public var description: String {
            switch self {
            case .failed(let id, let failure): "the status of \(id) cannot be written: \(failure)"
            }
        }
    }

    private struct Written: Equatable {
        let uid: String
        let condition: StatusCondition
    }

    private let api: any KubernetesAPI
    private let statuses: Latest<[PolicyStatus]>
    private let leadership: any Leadership
    private let pace: Pace
    private let interval: Duration
    private let observer: @Sendable (Event) -> Void

    /// Between two writes: a hundred policies have their status in five seconds, and no API server minds.
    public static let standardInterval = Duration.milliseconds(50)

    /// - Parameters:
    ///   - pace: How quickly writes that fail are tried again.
    ///   - observer: Called on any thread, and expected to return soon.
    public init(
        api: any KubernetesAPI, controller: PolicyController, leadership: any Leadership, pace: Pace = .standard,
        interval: Duration = standardInterval, observer: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.api = api
        statuses = controller.statuses
        self.leadership = leadership
        self.pace = pace
        self.interval = interval
        self.observer = observer
    }

    /// Keeps statuses current until the task is cancelled.
    public func run() async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in statuses.values() { wake.yield() }
            }
            group.addTask {
                for await _ in leadership.changes() { wake.yield() }
            }
            group.addTask {
                var written: [PolicyID: Written] = [:]
                for await _ in wakes { await writeAll(&written) }
            }
        }
    }

    /// Writes what is due, until nothing is, or somebody else leads.
    private func writeAll(_ written: inout [PolicyID: Written]) async {
        // In a row: rounds in which nothing could be written, or questions that nobody answered.
        var failures = 0
        // What there is no use in trying again before something changes.
        var hopeless: Set<PolicyID> = []
        // What could not be written in this round: it waits until everything else has been.
        var failed: Set<PolicyID> = []
        var told: Set<PolicyID> = []
        while !Task.isCancelled, leadership.isLeader {
            let current = statuses.value
            let ids = Set(current.map(\.id))
            written = written.filter { ids.contains($0.key) }
            let allDue = current.filter { status in
                status.isDue && !hopeless.contains(status.id)
                    && written[status.id] != Written(uid: status.uid, condition: status.wanted)
            }
            guard !allDue.isEmpty else { return }
            guard let due = allDue.first(where: { !failed.contains($0.id) }) else {
                failures += 1
                failed = []
                await pause(pace.delay(afterFailures: failures))
                continue
            }
            do throws(APIFailure) {
                let time = Timestamp.text(unixSeconds: Timestamp.unixSeconds())
                _ = try await api.apply(
                    due.id.kind.resource, due.id.objectName, subresource: "status", due.body(time: time))
                written[due.id] = Written(uid: due.uid, condition: due.wanted)
                failures = 0
                await pause(interval)
            } catch {
                switch error {
                case .status(400, _, _), .status(404, _, _), .status(409, _, _), .status(422, _, _):
                    // It is gone, another one has its name, or the API server will never take it.
                    if !error.isNotFound { observer(.failed(due.id, error)) }
                    hopeless.insert(due.id)
                case .status:
                    if told.insert(due.id).inserted { observer(.failed(due.id, error)) }
                    failed.insert(due.id)
                    await pause(interval)
                default:
                    // No answer: the others would get none either. The first of a row tells what is wrong.
                    failures += 1
                    if failures == 1 { observer(.failed(due.id, error)) }
                    await pause(pace.delay(afterFailures: failures))
                }
            }
        }
    }

    private func pause(_ duration: Duration) async {
        if duration > .zero { await pace.sleep(duration) }
    }
}
