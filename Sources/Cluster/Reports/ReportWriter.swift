import JSON
import Kubernetes
import Waiting

/// Keeps the PolicyReports as the objects are: one for each object that some rule looks at, written when it says
/// something new, and removed when there is nothing more to say.
///
/// One of them serves one scan, from ``begin(goesOn:)`` to ``removeObsolete(scanned:watches:goesOn:)``.
struct ReportWriter {
    /// What came of it, for the log.
    struct Counts: Sendable, Equatable {
        var written = 0
        var removed = 0
        var failed = 0

        mutating func count(_ change: ReportStore.Change) {
            switch change {
            case .written: written += 1
            case .removed: removed += 1
            case .none: break
            }
        }
    }

    private struct Known {
        let name: ObjectName
        let kind: ScannedKind
        /// Of what the asked rules said.
        let asked: Int
        /// Whether rules said something that are not asked now.
        let hasOthers: Bool
        let isStale: Bool
        var isCurrent = false
    }

    private let api: any KubernetesAPI
    private let store: ReportStore
    private let rules: ReportRules
    /// Reports a second at most that are read in advance or removed; nil for as fast as it goes.
    private let rate: Int?
    /// The stored reports of ours, by the uid of what they are about; some 200 bytes each.
    private var known: [String: Known] = [:]
    /// False where the cluster has no such type, so that there is nothing to do.
    private(set) var isPossible = false
    private(set) var counts = Counts()
    /// Of the failures, the first.
    private(set) var failure: APIFailure?

    private static let pageSize = 50
    private static let selection = Selection(
        labelSelector: "\(Installation.managedByLabel.key)=\(Installation.managedByLabel.value)")
    private static let types = [ResourceType.policyReports, .clusterPolicyReports]

    init(_ api: any KubernetesAPI, rules: ReportRules, rate: Int? = nil) {
        self.api = api
        store = ReportStore(api)
        self.rules = rules
        self.rate = rate
    }

    /// Reads what the reports say so far. Without their type there is nothing to do, and all goes on without reports.
    ///
    /// - Throws: ``APIFailure/cancelled`` too, once `goesOn` says no.
    mutating func begin(goesOn: () -> Bool = { true }) async throws(APIFailure) {
        for type in Self.types {
            var next: String?
            repeat {
                guard goesOn() else { throw .cancelled }
                let page: ObjectPage
                do throws(APIFailure) {
                    page = try await api.page(type, Self.selection, limit: Self.pageSize, continuing: next)
                } catch {
                    if error.isNotFound { break }
                    throw error
                }
                isPossible = true
                next = page.next
                for report in page.items { learn(report) }
                if next != nil { await pause(after: page.items.count) }
            } while next != nil
        }
    }

    private mutating func learn(_ report: Value) {
        guard let name = ObjectName(of: report) else { return }
        let object = ObjectReference(scopeOf: report)
        let stored = StoredReport(report, rules)
        // A report without a uid is none of an object, and obsolete.
        known[object.uid.isEmpty ? "\(name)" : object.uid] = Known(
            name: name, kind: ScannedKind(object), asked: stored.asked.hashValue, hasOthers: !stored.kept.isEmpty,
            isStale: stored.isStale)
    }

    /// Takes note of what the policies say about an object.
    ///
    /// - Parameter now: Unix seconds.
    mutating func put(_ object: ScannedObject, at now: Int) async {
        let (reference, content) = (object.reference, ReportContent(object.report.rows))
        guard isPossible, !reference.uid.isEmpty else { return }
        let stored = known[reference.uid]
        // Where there is nothing to say, only what others said is worth a report.
        guard !content.entries.isEmpty || stored?.hasOthers == true else { return }
        known[reference.uid]?.isCurrent = true
        if let stored, stored.asked == content.hashValue, !stored.isStale { return }
        await change { [rules] store throws(APIFailure) in
            try await store.update(reference, content, rules, process: .backgroundScan, at: now)
        }
    }

    /// Removes the reports of what is gone and of what no rule looks at any more; only after everything was looked at.
    ///
    /// - Parameters:
    ///   - scanned: The kinds of which everything was looked at.
    ///   - watches: Whether the asked rules look at a kind. What they look at and could not be seen stays as it is.
    mutating func removeObsolete(
        scanned: Set<ScannedKind>, watches: (ScannedKind) -> Bool, goesOn: () -> Bool = { true }
    ) async {
        for report in known.values where !report.isCurrent {
            guard goesOn() else { return }
            let isScanned = scanned.contains(report.kind)
            if !isScanned, watches(report.kind) { continue }
            if !isScanned, report.hasOthers {
                // The object may well be there: only rules look at its kind that are not asked here.
                await change { [rules] store throws(APIFailure) in try await store.reduce(report.name, rules) }
            } else {
                await change { [api] _ throws(APIFailure) in
                    try await api.delete(ReportStore.type(namespace: report.name.namespace), report.name)
                    return .removed
                }
            }
            await pause(after: 1)
        }
    }

    private mutating func change(
        _ change: (ReportStore) async throws(APIFailure) -> ReportStore.Change
    ) async {
        do throws(APIFailure) {
            counts.count(try await change(store))
        } catch {
            // The object, or its namespace, may have gone meanwhile.
            guard !error.isNotFound else { return }
            counts.failed += 1
            failure = failure ?? error
        }
    }

    private func pause(after count: Int) async {
        guard let rate else { return }
        await AlarmClock.shared.sleep(until: .now + .seconds(1) * count / max(1, rate))
    }
}
