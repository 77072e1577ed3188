import OpenSSL
import Policy
import YAML

/// How long it takes to read 1,000 policies, each with a key of its own, from YAML to a snapshot.
enum LoadBenchmark: Benchmark {
    static let name = "load"

    private static let policies = 1000
    /// Seconds.
    private static let aim = 1.0

    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    static func run() throws {
        let texts = try (0..<policies).map { number in
            SamplePolicies.policy(
                name: "policy-\(number)", image: "registry-\(number).example.org/*",
                key: try PrivateKey.generate().publicKey)
        }
        let time = try Measurement.median(rounds: 3, calls: 1) { _ = try load(texts) }
        Measurement.report("load", time / 1e9, "s", most: aim, "\(policies) policies from YAML", digits: 3)
    }

    /// - Throws: ``Refused`` if a policy is not taken.
    static func load(_ policies: [String]) throws -> PolicySnapshot {
        let documents = try policies.flatMap { try YAML.documents(Array($0.utf8)) }
        let result = PolicyLoader.load(documents: documents.map { (source: "benchmark", document: $0) })
        guard let snapshot = result.snapshot else {
            throw Refused(description: result.problems.map { "\($0)" }.joined(separator: "\n"))
        }
        return snapshot
    }
}
