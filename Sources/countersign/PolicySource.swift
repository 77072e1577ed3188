import JSON
import Logging
import OpenSSL
import Policy
import YAML

/// Where the policies come from.
enum PolicySource: Sendable {
    /// Files and folders, looked at every second; the PolicyExceptions in them count or not.
    case paths([String], exceptions: Bool = false)
    /// YAML text that does not change.
    case text(String, name: String)

    /// Mounted ConfigMaps are swapped whole, and inotify on a file misses that; reading again misses nothing.
    private static let interval = Duration.seconds(1)

    /// The policies, and the state of the files that they came from.
    struct Loaded: Sendable {
        let snapshot: PolicySnapshot
        let result: LoadResult
        fileprivate let fingerprint: SHA256Digest?
        fileprivate let trace: FileTrace
    }

    /// - Parameter isWhole: Whether nothing comes besides, so that an empty set admits everything.
    /// - Throws: ``StartError`` with every problem; at start there is no good set to fall back to.
    func load(isWhole: Bool = true, log: Logger) throws(StartError) -> Loaded {
        let result: LoadResult
        var fingerprint: SHA256Digest?
        var trace = FileTrace()
        switch self {
        case .paths(let paths, let exceptions):
            let files = PolicyFiles(reading: paths)
            fingerprint = files.fingerprint
            trace = files.trace
            result = PolicyLoader.load(files, honoursExceptions: exceptions)
        case .text(let text, let name):
            do throws(YAMLError) {
                let documents = try YAML.documents(Array(text.utf8))
                result = PolicyLoader.load(documents: documents.map { (source: name, document: $0) })
            } catch {
                throw StartError(description: "\(name): \(error)")
            }
        }
        for note in result.notes { log.notice("\(note)") }
        guard let snapshot = result.snapshot else {
            let problems = result.problems.map { "  \($0)" }.joined(separator: "\n")
            throw StartError(description: "the policies cannot be honoured in full:\n\(problems)")
        }
        if isWhole || !snapshot.policies.isEmpty {
            log.notice("policies loaded", metadata: ["policies": "\(snapshot.policies.count)"])
        }
        if snapshot.policies.isEmpty && isWhole {
            log.warning("there is no policy with verifyImages rules: every image is admitted")
        }
        return Loaded(snapshot: snapshot, result: result, fingerprint: fingerprint, trace: trace)
    }

    /// Calls `handle` with what came of loading whenever the files have changed; returns when the task is cancelled.
    func changes(since loaded: Loaded, _ handle: (LoadResult) -> Void) async {
        guard case .paths(let paths, let exceptions) = self, var known = loaded.fingerprint else { return }
        var trace = loaded.trace
        while (try? await Task.sleep(for: Self.interval)) != nil {
            guard trace.mayHaveChanged else { continue }
            let files = PolicyFiles(reading: paths)
            trace = files.trace
            let fingerprint = files.fingerprint
            guard fingerprint != known else { continue }
            known = fingerprint
            handle(PolicyLoader.load(files, honoursExceptions: exceptions))
        }
    }
}
