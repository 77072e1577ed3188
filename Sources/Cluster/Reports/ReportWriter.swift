import JSON
import Kubernetes

/// Keeps the PolicyReports as the objects are: one for each object that some rule looks at, written when it says
/// something new, and removed when there is nothing more to say.
///
/// One of them serves one scan, from ``begin()`` to ``finish(at:)``.
struct ReportWriter {
    /// What came of it, for the log.
    struct Counts: Sendable, Equatable {
        var written = 0
        var removed = 0
        var failed = 0
    }

    private struct Known {
        let name: ObjectName
        let content: Int
        var isCurrent = false
    }

    private let api: any KubernetesAPI
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

    init(_ api: any KubernetesAPI) { self.api = api }

    /// Reads what the reports say so far. Without their type there is nothing to do, and all goes on without reports.
    mutating func begin() async throws(APIFailure) {
        for type in Self.types {
            var next: String?
            repeat {
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
            } while next != nil
        }
    }

    private mutating func learn(_ report: Value) {
        guard let name = ObjectName(of: report) else { return }
        // By the scope, which tells the uid; a report without one is none of an object, and obsolete.
        let uid = report["scope"]?["uid"]?.string ?? "\(name)"
        known[uid] = Known(name: name, content: ReportContent(stored: report).hashValue)
    }

    /// Takes note of what the policies say about an object.
    ///
    /// - Parameter now: Unix seconds.
    mutating func put(_ object: ScannedObject, at now: Int) async {
        let (reference, content) = (object.reference, ReportContent(object.report.rows))
        guard isPossible, !reference.uid.isEmpty, !content.entries.isEmpty else { return }
        let stored = known[reference.uid]
        known[reference.uid]?.isCurrent = true
        guard stored?.content != content.hashValue else { return }
        let namespace = reference.namespace.isEmpty ? nil : reference.namespace
        let name = ObjectName(ReportContent.name(uid: reference.uid), namespace: namespace)
        do throws(APIFailure) {
            _ = try await api.apply(Self.type(of: name), name, content.body(about: reference, at: now))
            counts.written += 1
        } catch {
            // The object, or its namespace, may have gone meanwhile.
            note(error)
        }
    }

    /// Removes the reports of what is gone and of what no rule looks at any more; only after everything was looked at.
    mutating func removeObsolete(goesOn: () -> Bool = { true }) async {
        for report in known.values where !report.isCurrent {
            guard goesOn() else { return }
            do throws(APIFailure) {
                try await api.delete(Self.type(of: report.name), report.name)
                counts.removed += 1
            } catch {
                note(error)
            }
        }
    }

    private static func type(of name: ObjectName) -> ResourceType {
        name.namespace == nil ? .clusterPolicyReports : .policyReports
    }

    private mutating func note(_ error: APIFailure) {
        guard !error.isNotFound else { return }
        counts.failed += 1
        failure = failure ?? error
    }
}
