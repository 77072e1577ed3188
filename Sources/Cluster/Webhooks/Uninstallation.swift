import JSON
import Kubernetes
import Waiting

/// Takes back what the server has written into the cluster, so that nothing in it waits for a server that is gone.
///
/// Done twice, it does nothing the second time.
public struct Uninstallation: Sendable {
    /// How long things take.
    public struct Timings: Sendable, Hashable {
        /// For how long no server takes the lease again: time to remove the servers themselves.
        public var hold: Duration
        /// Until a server that led has seen that it does not any more: it looks every two seconds.
        public var notice: Duration
        /// Before it is looked whether everything stays away.
        public var settling: Duration

        public static let standard = Timings(hold: .seconds(60), notice: .seconds(4), settling: .milliseconds(500))

        public init(hold: Duration, notice: Duration, settling: Duration) {
            self.hold = hold
            self.notice = notice
            self.settling = settling
        }
    }

    private let api: any KubernetesAPI
    private let installation: Installation
    private let removesState: Bool
    private let timings: Timings
    private let report: @Sendable (String) -> Void

    /// How often something is tried again that another one spoils.
    private static let attempts = 5
    /// What the holder of the lease is called: not a server.
    static let holderPrefix = "countersign-uninstall-"

    /// - Parameters:
    ///   - removesState: Deletes the Secret with the CA, too.
    ///   - report: Told what was done, a sentence at a time.
    public init(
        _ api: any KubernetesAPI, _ installation: Installation, removesState: Bool, timings: Timings = .standard,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.api = api
        self.installation = installation
        self.removesState = removesState
        self.timings = timings
        self.report = report
    }

    private var lease: ObjectName { ObjectName(Installation.name, namespace: installation.namespace) }

    public func run() async throws(APIFailure) {
        // (1) Whoever leads stops writing, or it would put back what is deleted here.
        if let leader = try await takeLease() {
            report("took the lease \(lease) over from \(leader); it stops writing")
            await AlarmClock.shared.sleep(until: .now + timings.notice)
        }

        // (2) The webhooks: from here on the API server asks nobody.
        var isFirst = true
        for _ in 0..<Self.attempts {
            var deleted = 0
            for target in DesiredWebhooks.all.reversed() {
                let isDeleted = try await delete(target.type, target.name)
                if isDeleted { deleted += 1 }
                if isDeleted || isFirst { tell(isDeleted, target.type, target.name) }
            }
            isFirst = false
            guard deleted > 0 else { break }
            await AlarmClock.shared.sleep(until: .now + timings.settling)
        }

        // (3) What the next installation would go on with.
        guard removesState else { return }
        let secret = ObjectName(installation.caSecret, namespace: installation.namespace)
        tell(try await delete(.secrets, secret), .secrets, secret)
        // Not the Lease: a server that still runs would make a new one, lead, and put everything back.
    }

    private func tell(_ isDeleted: Bool, _ type: ResourceType, _ name: ObjectName) {
        report(isDeleted ? "deleted \(type.kind) \(name)" : "\(type.kind) \(name) is not there")
    }

    private func delete(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) -> Bool {
        do throws(APIFailure) {
            try await api.delete(type, name)
            return true
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }

    // MARK: The lease

    /// - Returns: the server that led; nil when none did.
    private func takeLease() async throws(APIFailure) -> String? {
        for attempt in 1...Self.attempts {
            do throws(APIFailure) {
                return try await tryTakingLease()
            } catch {
                // The leader renewed it in between.
                guard error.isConflict, attempt < Self.attempts else { throw error }
            }
        }
        return nil
    }

    private func tryTakingLease() async throws(APIFailure) -> String? {
        let stored: Value
        do throws(APIFailure) {
            stored = try await api.get(.leases, lease)
        } catch {
            // No server has led here yet, so none is writing.
            guard error.isNotFound else { throw error }
            return nil
        }
        let last = LeaseRecord(stored)
        let now = LeaseRecord.now()
        let record = LeaseRecord(
            holder: Self.holderPrefix + String(UInt32.random(in: .min ... .max), radix: 36),
            durationSeconds: max(1, Int(timings.hold.components.seconds)), acquireTime: now, renewTime: now,
            transitions: last.transitions + 1)
        let version = stored["metadata"]?["resourceVersion"]?.string
        _ = try await api.replace(.leases, lease, record.object(lease, version: version))
        return last.holder.isEmpty || last.holder.hasPrefix(Self.holderPrefix) ? nil : last.holder
    }
}
