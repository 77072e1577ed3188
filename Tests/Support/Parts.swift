import Foundation
import Testing

/// The programs that these tests put together, and whether they are here.
enum Parts {
    static let dockerRegistry = find("docker-registry")
    static let curl = find("curl")
    static let openssl = find("openssl")
    static let cosign2 = tools + "/cosign2/usr/bin/cosign"
    static let cosign3 = tools + "/cosign3/usr/bin/cosign"

    /// The gate itself: `COUNTERSIGN` in the environment, or the executable that was built beside these tests.
    static let countersign: String = {
        if let given = environment["COUNTERSIGN"] { return given }
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: tests).deletingLastPathComponent().appending(path: "countersign").path(
            percentEncoded: false)
    }()

    /// Where `.ci/tools` puts what Debian 12 does not have.
    static let tools =
        environment["COUNTERSIGN_TOOLS"] ?? (environment["HOME"] ?? "") + "/.cache/countersign/tools"
    static let environment = ProcessInfo.processInfo.environment

    static let missing = [dockerRegistry, curl, openssl, cosign2, cosign3, countersign].filter {
        !FileManager.default.isExecutableFile(atPath: $0)
    }

    /// On a developer's machine a missing part skips these tests; in CI it fails them.
    static let shouldRun = missing.isEmpty || environment["CI"] == "true"

    static func find(_ name: String) -> String {
        for folder in (environment["PATH"] ?? "/usr/bin").split(separator: ":") {
            let path = "\(folder)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return "/usr/bin/\(name)"
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs a test only where its parts are, and always in CI.
    static var needsParts: Self {
        .enabled(if: Parts.shouldRun, "missing: \(Parts.missing.joined(separator: ", ")); `make test` brings all parts")
    }
}

/// Asks `question` again and again until it answers, at most `limit`; returns whether it did.
///
/// For what another process does in its own time. The pause is short because the common answer comes soon.
func eventually(within limit: Duration = .seconds(20), _ question: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await question() { return true }
        try await Task.sleep(for: .milliseconds(50))
    }
    return try await question()
}
