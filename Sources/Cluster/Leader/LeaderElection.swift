import JSON
import Kubernetes
import Synchronization
import Waiting

/// Takes and keeps a Lease, so that one replica of several writes.
///
/// As client-go does it: who finds the lease free, or not renewed for as long as it says, takes it by a replacement that
/// only one can win (409 for the others); the holder renews it, and whoever could not renew it for a while stops before
/// others may take it. Time is what passed here since a change was seen: no clock of another machine counts.
///
/// Source: client-go, `tools/leaderelection`.
public final class LeaderElection: Leadership {
    /// How long things take. The standard ones are client-go's.
    public struct Timings: Sendable, Hashable {
        /// For how long others leave a lease alone after it was renewed.
        public var leaseDuration: Duration
        /// For how long a holder that cannot renew still counts as one; shorter, so that two never do.
        public var renewDeadline: Duration
        /// Between two attempts to take or to renew.
        public var retryPeriod: Duration

        public static let standard = Timings(
            leaseDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .seconds(2))

        public init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) {
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
        }
    }

    private struct State {
        /// The lease as it was last seen, and when it was first seen so.
        var seen: (record: LeaseRecord, version: String, at: ContinuousClock.Instant)?
        /// Until when we lead unless we renew; nil when we do not.
        var leadsUntil: ContinuousClock.Instant?
    }

    /// Who we are among the replicas: the Pod's name and something random, as a Pod of a StatefulSet comes back.
    public let identity: String
    private let api: any KubernetesAPI
    private let name: ObjectName
    private let timings: Timings
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())
    private let leads = Latest(false)
    private let observer: @Sendable (Event) -> Void

    /// What an operator may want to read in the log.
    public enum Event: Sendable, Equatable {
        case began
        /// Because the lease went to another holder, or could not be renewed in time.
        case ended(String)
        /// Another replica leads.
        case other(String)
        case failed(APIFailure)
    }

    /// How long giving the lease back may take: as long as one attempt would.
    static let releaseTime = Duration.seconds(2)

    /// - Parameter clock: Tests have one of their own.
    public init(
        _ api: any KubernetesAPI, lease name: ObjectName, identity: String, timings: Timings = .standard,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        observer: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.api = api
        self.name = name
        self.identity = identity
        self.timings = timings
        self.clock = clock
        self.observer = observer
    }

    /// True while the lease is held and was renewed lately, also where the task that renews it is stuck.
    public var isLeader: Bool {
        let now = clock()
        return state.withLock { $0.leadsUntil.map { now < $0 } ?? false }
    }

    public func changes() -> AsyncStream<Bool> { leads.values() }

    /// Takes part until the task is cancelled, and gives the lease back then.
    public func run() async {
        while !Task.isCancelled {
            let delay = await attempt()
            // Not the alarm clock, which would tick for as long as somebody waits: here, always. This sleep is cancelled once.
            try? await Task.sleep(for: delay)
        }
        // In a task of its own: in this one every request would be cancelled.
        let release = Task { await self.release() }
        let timer = Task {
            await AlarmClock.shared.sleep(until: .now + Self.releaseTime)
            release.cancel()
        }
        await release.value
        timer.cancel()
    }

    // MARK: One attempt

    /// Takes or renews the lease once.
    ///
    /// - Returns: how long to wait before the next attempt.
    func attempt() async -> Duration {
        let begin = clock()
        do throws(APIFailure) {
            try await takeOrRenew(begin)
        } catch {
            if !error.isConflict, error != .cancelled { observer(.failed(error)) }
        }
        endIfOverdue()
        // While another leads, replicas should not ask in step; who leads has its deadline.
        return isLeader ? timings.retryPeriod : timings.retryPeriod * Double.random(in: 1...1.2)
    }

    private func takeOrRenew(_ begin: ContinuousClock.Instant) async throws(APIFailure) {
        // (1) What the lease says, and whether that is news.
        let lease: Value
        do throws(APIFailure) {
            lease = try await api.get(.leases, name)
        } catch {
            guard error.isNotFound else { throw error }
            let created = try await api.create(
                .leases, namespace: name.namespace, record(after: nil).object(name, version: nil))
            lead(created, begin)
            return
        }
        let record = LeaseRecord(lease)
        guard let version = lease["metadata"]?["resourceVersion"]?.string else {
            throw .malformed("a Lease without a resource version")
        }
        let now = clock()
        let (seenAt, isNews) = state.withLock { state in
            if let seen = state.seen, seen.record == record, seen.version == version { return (seen.at, false) }
            let isNews = state.seen?.record.holder != record.holder
            state.seen = (record, version, now)
            return (now, isNews)
        }

        // (2) Another one's, and not yet overdue: hands off.
        let isFree = record.holder.isEmpty || record.holder == identity
        guard isFree || now >= seenAt + .seconds(record.durationSeconds) else {
            end("the lease is \(record.holder)'s")
            if isNews { observer(.other(record.holder)) }
            return
        }

        // (3) Ours, or free: only one of those who see it so can replace this version.
        let body = self.record(after: record).object(name, version: version)
        lead(try await api.replace(.leases, name, body), begin)
    }

    /// - Parameter begin: When the attempt began: others may have seen the lease renewed from then on.
    private func lead(_ lease: Value, _ begin: ContinuousClock.Instant) {
        // A lapse is over, and what was left undone in it has to be looked at: who listens hears of both.
        endIfOverdue()
        let now = clock()
        let begins = state.withLock { state in
            defer { state.leadsUntil = begin + timings.renewDeadline }
            state.seen = (LeaseRecord(lease), lease["metadata"]?["resourceVersion"]?.string ?? "", now)
            return state.leadsUntil == nil
        }
        guard begins else { return }
        observer(.began)
        leads.set(true)
    }

    private func record(after last: LeaseRecord?) -> LeaseRecord {
        let now = LeaseRecord.now()
        let isOurs = last?.holder == identity
        return LeaseRecord(
            holder: identity, durationSeconds: max(1, Int(timings.leaseDuration.components.seconds)),
            acquireTime: isOurs ? last?.acquireTime ?? now : now, renewTime: now,
            transitions: (last?.transitions ?? 0) + (isOurs || last == nil ? 0 : 1))
    }

    private func endIfOverdue() {
        let now = clock()
        let isOverdue = state.withLock { $0.leadsUntil.map { now >= $0 } ?? false }
        if isOverdue { end("the lease could not be renewed in time") }
    }

    private func end(_ reason: String) {
        let ends = state.withLock { state in
            defer { state.leadsUntil = nil }
            return state.leadsUntil != nil
        }
        guard ends else { return }
        observer(.ended(reason))
        leads.set(false)
    }

    // MARK: The end

    /// Gives the lease back, so that another replica need not wait until it is overdue.
    func release() async {
        let seen = state.withLock { $0.leadsUntil == nil ? nil : $0.seen }
        end("this replica stops")
        guard let seen, seen.record.holder == identity else { return }
        var record = seen.record
        // client-go's way: nobody's, and overdue at once.
        record.holder = ""
        record.durationSeconds = 1
        record.renewTime = LeaseRecord.now()
        do throws(APIFailure) {
            _ = try await api.replace(.leases, name, record.object(name, version: seen.version))
        } catch {
            // It runs out by itself.
            observer(.failed(error))
        }
    }
}
