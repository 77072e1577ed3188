import Logging
import OpenSSL
import Policy

/// Where the facts about the cluster come from.
enum FactsSource: Sendable {
    /// Nothing is known about any cluster.
    case none
    /// Files and folders of manifests, looked at every second.
    case paths([String])

    var isNone: Bool {
        if case .none = self { return true }
        return false
    }

    /// As often as policies are read again.
    private static let interval = Duration.seconds(1)

    /// The facts, and the state of the files that they came from.
    struct Loaded: Sendable {
        let facts: any ClusterFacts
        fileprivate let files: FileClusterFacts?
        fileprivate let fingerprint: SHA256Digest?
        fileprivate let trace: FileTrace
    }

    /// - Throws: ``StartError`` with every problem.
    func load(log: Logger) throws(StartError) -> Loaded {
        guard case .paths(let paths) = self else {
            return Loaded(facts: NoClusterFacts(), files: nil, fingerprint: nil, trace: FileTrace())
        }
        let read = PolicyFiles(reading: paths)
        let manifests = ManifestFacts(read)
        guard manifests.problems.isEmpty else {
            let problems = manifests.problems.map { "  \($0)" }.joined(separator: "\n")
            throw StartError(description: "the manifests of --cluster-facts cannot be read:\n\(problems)")
        }
        log.notice("cluster facts loaded", metadata: ["objects": "\(manifests.count)"])
        let facts = FileClusterFacts(manifests)
        return Loaded(facts: facts, files: facts, fingerprint: read.fingerprint, trace: read.trace)
    }

    /// Takes over what has changed in the files, while it can be read; returns when the task is cancelled.
    func watch(_ loaded: Loaded, log: Logger) async {
        guard case .paths(let paths) = self, let facts = loaded.files, var known = loaded.fingerprint else { return }
        var trace = loaded.trace
        while (try? await Task.sleep(for: Self.interval)) != nil {
            guard trace.mayHaveChanged else { continue }
            let read = PolicyFiles(reading: paths)
            trace = read.trace
            guard read.fingerprint != known else { continue }
            known = read.fingerprint
            let manifests = ManifestFacts(read)
            guard manifests.problems.isEmpty else {
                for problem in manifests.problems { log.error("\(problem)") }
                log.error("the cluster facts were not reloaded; the last good ones stay in force")
                continue
            }
            facts.use(manifests)
            log.notice("cluster facts reloaded", metadata: ["objects": "\(manifests.count)"])
        }
    }
}
