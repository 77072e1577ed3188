import ArgumentParser
import Glibc
import Policy
import Rehearsal

/// Policies and resources as `apply` and `explain` read them.
struct RehearsalInput {
    let policies: PolicySnapshot
    let manifests: [Manifest]
    let shape: RequestShape
    let facts: any ClusterFacts

    /// What a command ends with when a policy or a resource cannot be read.
    private static let unreadable = ExitCode(2)

    /// - Throws: exit code 2, once everything that cannot be read is told on standard error.
    init(policies: [String], resources: [String], request: RequestOptions) throws {
        let loaded = PolicyLoader.load(
            PolicyFiles(reading: policies, standardInput: Self.standardInput),
            honoursExceptions: request.cluster.exceptions)
        let cluster = request.cluster.facts()
        let read = Manifests(PolicyFiles(reading: resources, standardInput: Self.standardInput))
        let old = Manifests(PolicyFiles(reading: request.old, standardInput: Self.standardInput))

        for note in loaded.notes { StandardError.print("note: \(note)") }
        let problems = read.problems + old.problems + cluster.problems
        for problem in loaded.problems + problems { StandardError.print("error: \(problem)") }
        guard let snapshot = loaded.snapshot, problems.isEmpty else { throw Self.unreadable }
        // A pipeline whose step before failed sends nothing, and must not take that for a pass.
        guard !snapshot.policies.isEmpty else { throw Self.nothing("no policy with verifyImages rules", in: policies) }
        guard !read.manifests.isEmpty else { throw Self.nothing("no resource", in: resources) }
        self.policies = snapshot
        facts = cluster.facts
        manifests = read.manifests
        shape = request.shape(oldObjects: old.manifests)
    }

    private static func nothing(_ what: String, in paths: [String]) -> ExitCode {
        let places = paths.map { $0 == "-" ? "standard input" : $0 }.joined(separator: ", ")
        StandardError.print("error: there is \(what) in \(places)")
        return unreadable
    }

    /// All of it, up to a byte more than fits.
    static func standardInput() -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count <= PolicyFiles.maximumFileBytes {
            let byte = getchar()
            guard byte != EOF else { break }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return bytes
    }
}
