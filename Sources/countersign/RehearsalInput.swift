import ArgumentParser
import FoundationEssentials
import Policy
import Rehearsal

/// Policies and resources as `apply` and `explain` read them.
struct RehearsalInput {
    let policies: PolicySnapshot
    let manifests: [Manifest]
    let shape: RequestShape

    /// What a command ends with when a policy or a resource cannot be read.
    private static let unreadable = ExitCode(2)

    /// - Throws: exit code 2, once everything that cannot be read is told on standard error.
    init(policies: [String], resources: [String], request: RequestOptions) throws {
        let loaded = PolicyLoader.load(PolicyFiles(reading: policies, standardInput: Self.standardInput))
        let read = Manifests(PolicyFiles(reading: resources, standardInput: Self.standardInput))
        let old = Manifests(PolicyFiles(reading: request.old, standardInput: Self.standardInput))

        for note in loaded.notes { StandardError.print("note: \(note)") }
        for problem in loaded.problems + read.problems + old.problems { StandardError.print("error: \(problem)") }
        guard let snapshot = loaded.snapshot, read.problems.isEmpty, old.problems.isEmpty else {
            throw Self.unreadable
        }
        if snapshot.policies.isEmpty { StandardError.print("note: there is no policy with verifyImages rules") }
        if read.manifests.isEmpty { StandardError.print("note: there is no resource") }
        self.policies = snapshot
        manifests = read.manifests
        shape = request.shape(oldObjects: old.manifests)
    }

    private static func standardInput() -> [UInt8]? {
        FileManager.default.contents(atPath: "/dev/stdin").map { [UInt8]($0) }
    }
}
