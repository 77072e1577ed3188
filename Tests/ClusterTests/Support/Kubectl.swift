import Foundation

@testable import TestSupport

/// Real kubectl as one of the cluster's users.
struct Kubectl: Sendable {
    let kubeconfig: String
    let folder: TemporaryFolder

    /// Runs kubectl and waits for its end, however that is.
    func run(_ arguments: [String], input: String = "", limit: Duration = .seconds(60)) async throws -> CommandResult {
        try await Command.run(
            ClusterParts.kubectl, ["--kubeconfig", kubeconfig] + arguments, in: folder, input: Array(input.utf8),
            limit: limit)
    }

    func run(_ arguments: String..., input: String = "") async throws -> CommandResult {
        try await run(arguments, input: input)
    }

    /// Like `run`, for what must succeed; returns what it printed.
    @discardableResult
    func succeed(_ arguments: [String], input: String = "") async throws -> String {
        let result = try await run(arguments, input: input)
        guard result.status == 0 else { throw CommandFailure(description: "kubectl \(arguments): \(result)") }
        return result.output
    }

    @discardableResult
    func succeed(_ arguments: String..., input: String = "") async throws -> String {
        try await succeed(arguments, input: input)
    }

    /// Applies manifests that must be taken.
    @discardableResult
    func apply(_ manifests: String) async throws -> String {
        try await succeed(["apply", "-f", "-"], input: manifests)
    }

    /// What a JSONPath finds in what `kubectl get` gets; empty when there is no such object.
    func read(_ path: String, of arguments: String...) async throws -> String {
        try await succeed(["get", "--ignore-not-found", "-o", "jsonpath=\(path)"] + arguments)
    }

    /// Whether an object is there.
    func has(_ arguments: String...) async throws -> Bool {
        try await !succeed(["get", "--ignore-not-found", "-o", "name"] + arguments).isEmpty
    }
}
