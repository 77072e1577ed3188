import JSON
import Kubernetes
import Synchronization

/// The webhook configurations as they are in the cluster, kept up by watches of their three names.
///
/// What we have written ourselves is known at once; what a watch tells later about what came before is passed over.
final class LiveWebhooks: Sendable {
    private struct Entry {
        /// False until the first list came.
        var isKnown = false
        var object: Value?
        /// Of the last write of ours; 0 before the first.
        var writtenVersion = 0
    }

    private let entries: Mutex<[Entry]>
    /// The CA certificates that the configurations carry, as PEM text: one where all agree, none where none exists; nil
    /// before all are known.
    let caBundles = Latest<Set<String>?>(nil)

    init(count: Int) { entries = Mutex(Array(repeating: Entry(), count: count)) }

    var isKnown: Bool { entries.withLock { $0.allSatisfy(\.isKnown) } }

    subscript(index: Int) -> Value? { entries.withLock { $0[index].object } }

    func take(_ observation: Observation, at index: Int) {
        switch observation {
        case .replaced(let objects):
            // Versions begin anew where etcd was restored from a backup.
            entries.withLock { $0[index].writtenVersion = 0 }
            set(objects.first, at: index)
        case .changed(let object):
            guard isNews(object, at: index) else { return }
            set(object, at: index)
        case .removed(let object):
            guard isNews(object, at: index) else { return }
            set(nil, at: index)
        case .absent: set(nil, at: index)
        case .stale, .current: return
        }
    }

    /// Takes what the API server answered to a write of ours; nil when it was a deletion.
    func wrote(_ object: Value?, at index: Int) {
        let version = object.flatMap(Self.version)
        entries.withLock { if let version { $0[index].writtenVersion = version } }
        set(object, at: index)
    }

    private func isNews(_ object: Value, at index: Int) -> Bool {
        guard let version = Self.version(object) else { return true }
        return entries.withLock { version >= $0[index].writtenVersion }
    }

    private func set(_ object: Value?, at index: Int) {
        let bundles: Set<String>? = entries.withLock { entries in
            entries[index].object = object
            entries[index].isKnown = true
            guard entries.allSatisfy(\.isKnown) else { return nil }
            return entries.compactMap(\.object).reduce(into: []) { $0.formUnion(LiveConfiguration.caBundles(of: $1)) }
        }
        if bundles != caBundles.value { caBundles.set(bundles) }
    }

    /// Versions are opaque by the book, and numbers of etcd in every API server there is; where one is not, nothing is
    /// passed over.
    private static func version(_ object: Value) -> Int? {
        object["metadata"]?["resourceVersion"]?.string.flatMap { Int($0) }
    }
}
