import JSON
import Kubernetes
import Synchronization

/// The labels of all namespaces, kept small: a cluster may have thousands, and only labels are asked for.
///
/// Each namespace's are one text, which is made a dictionary when somebody asks. For 1,000 namespaces of five labels
/// that takes some 300 KB.
final class NamespaceLabels: Sendable {
    private struct State {
        /// `key NUL value NUL key…`, in the object's order: no label holds a NUL.
        var labels: [String: String] = [:]
        var isKnown = false
        var isStale = false
    }

    private let state = Mutex(State())

    private static let separator: Character = "\0"

    /// How many there are, and whether the API server is out of touch.
    var statistics: (count: Int, isStale: Bool) { state.withLock { ($0.labels.count, $0.isStale) } }

    /// Whether all namespaces there were at some moment are known.
    var isKnown: Bool { state.withLock { $0.isKnown } }

    /// Nil when the namespace is not known (yet).
    func labels(of name: String) -> [String: String]? {
        guard let text = state.withLock({ $0.labels[name] }) else { return nil }
        var labels: [String: String] = [:]
        var key: Substring?
        for part in text.split(separator: Self.separator, omittingEmptySubsequences: false) {
            if let name = key {
                labels[String(name)] = String(part)
                key = nil
            } else {
                key = part
            }
        }
        return labels
    }

    func take(_ observation: Observation) {
        switch observation {
        case .replaced(let namespaces):
            var labels: [String: String] = [:]
            labels.reserveCapacity(namespaces.count)
            for namespace in namespaces {
                if let name = ObjectName(of: namespace) { labels[name.name] = Self.text(namespace) }
            }
            state.withLock { $0 = State(labels: labels, isKnown: true) }
        case .changed(let namespace):
            guard let name = ObjectName(of: namespace) else { return }
            let text = Self.text(namespace)
            state.withLock { $0.labels[name.name] = text }
        case .removed(let namespace):
            guard let name = ObjectName(of: namespace) else { return }
            state.withLock { $0.labels[name.name] = nil }
        // Every API server has namespaces: who says otherwise is something that stands before it.
        case .absent, .stale: state.withLock { $0.isStale = true }
        case .current: state.withLock { $0.isStale = false }
        }
    }

    static func labels(of namespace: Value) -> [String: String] {
        var labels: [String: String] = [:]
        guard let members = namespace["metadata"]?["labels"]?.members else { return labels }
        for (key, value) in members { labels[key] = value.string }
        return labels
    }

    private static func text(_ namespace: Value) -> String {
        guard let members = namespace["metadata"]?["labels"]?.members else { return "" }
        var parts: [String] = []
        for (key, value) in members {
            if let value = value.string { parts += [key, value] }
        }
        return parts.joined(separator: String(separator))
    }
}
