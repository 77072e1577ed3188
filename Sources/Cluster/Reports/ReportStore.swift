import JSON
import Kubernetes

/// Changes single reports, so that writers who know nothing of each other take nothing from each other: what is stored
/// is read, what the asked rules say is exchanged in it, and it is written only over the version that was read.
struct ReportStore: Sendable {
    enum Change: Sendable {
        case written, removed
        /// It says all that already.
        case none
    }

    private let api: any KubernetesAPI

    /// Another writer got in between; three of them, one after the other, are nobody's habit.
    private static let maximumTries = 4

    init(_ api: any KubernetesAPI) { self.api = api }

    /// The type that holds reports on objects in a namespace, or of the cluster.
    static func type(namespace: String?) -> ResourceType {
        namespace == nil ? .clusterPolicyReports : .policyReports
    }

    /// Makes the report on an object say what the asked rules say, and what others said that still counts.
    ///
    /// - Parameter seconds: When the object was looked at, in Unix seconds.
    func update(
        _ object: ObjectReference, _ content: ReportContent, _ rules: ReportRules,
        process: ReportContent.Process, at seconds: Int
    ) async throws(APIFailure) -> Change {
        let name = ObjectName(
            ReportContent.name(uid: object.uid), namespace: object.namespace.isEmpty ? nil : object.namespace)
        return try await update(name) { stored in
            let parts = stored.map { StoredReport($0, rules) }
            if let parts, parts.asked == content, !parts.isStale { return nil }
            return ReportText(
                object: object, content: content, kept: parts?.kept ?? [], process: process, seconds: seconds)
        }
    }

    /// Takes away what nobody says any more, and leaves what counts still.
    func reduce(_ name: ObjectName, _ rules: ReportRules) async throws(APIFailure) -> Change {
        try await update(name) { stored in
            guard let stored else { return nil }
            let parts = StoredReport(stored, rules)
            if parts.asked.entries.isEmpty, !parts.isStale { return nil }
            return ReportText(
                object: ObjectReference(scopeOf: stored), content: ReportContent([]), kept: parts.kept,
                process: .backgroundScan, seconds: 0)
        }
    }

    /// - Parameter change: The report as it is to be; nil where it may stay as it is.
    private func update(
        _ name: ObjectName, _ change: (_ stored: Value?) -> ReportText?
    ) async throws(APIFailure) -> Change {
        let type = Self.type(namespace: name.namespace)
        var tries = 0
        while true {
            let stored = try await read(type, name)
            guard let text = change(stored) else { return .none }
            do throws(APIFailure) {
                switch (stored, text.isEmpty) {
                case (nil, true): return .none
                case (nil, false):
                    _ = try await api.create(type, namespace: name.namespace, text.body(replacing: nil))
                    return .written
                case (_?, true):
                    try await api.delete(type, name)
                    return .removed
                case (let stored?, false):
                    let version = stored["metadata"]?["resourceVersion"]?.string
                    _ = try await api.replace(type, name, text.body(replacing: version))
                    return .written
                }
            } catch {
                tries += 1
                let isOvertaken = error.isConflict || error.isNotFound && stored != nil
                guard isOvertaken, tries < Self.maximumTries else { throw error }
            }
        }
    }

    private func read(_ type: ResourceType, _ name: ObjectName) async throws(APIFailure) -> Value? {
        do throws(APIFailure) {
            return try await api.get(type, name)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}
