import Foundation

/// Gates that several tests share, each started once a run.
enum Gates {
    /// The tour's: the legacy policy over every image of the world.
    static func tour() async throws -> Gate { try await tourTask.value }

    private static let tourTask = Task {
        let world = try await World.shared()
        let glob = "\(world.registry.host)/\(World.repository):*"
        return try await Gate.start(policies: ["check-image.yaml": Policies.legacy(glob, key: world.key.publicPEM)])
    }
}

/// A denial's text as one line a rule: long lines are folded as YAML folds them, which says nothing.
func unfolded(_ message: String) -> String {
    message.replacing(/\n {4,}/) { _ in " " }.trimmingCharacters(in: .newlines)
}

/// The whole denial that people's scripts look for.
func denial(_ resource: String, policy: String, rule: String, image: String, cause: String) -> String {
    """
    resource \(resource) was blocked due to the following policies

    \(policy):
      \(rule): 'image verification failed for \(image): \(cause)'
    """
}
