import Admission
import JSON
import OpenSSL
import Policy

/// How long it takes to find the rules for a pod with four images among 100 policies, of which 10 are about them, and to
/// say what has to be checked.
enum PlanBenchmark: Benchmark {
    static let name = "plan"

    private static let policies = 100
    private static let matching = 10
    /// Microseconds.
    private static let aim = 100.0

    static func run() throws {
        let key = try PrivateKey.generate().publicKey
        let about = (0..<matching).map {
            SamplePolicies.policy(name: "about-\($0)", image: "registry.example.com/*", key: key)
        }
        let snapshot = try LoadBenchmark.load(about + SamplePolicies.others(count: policies - matching, key: key))
        let request = try AdmissionRequest(Document(SampleReview.bytes()))
        var checks = 0
        let time = Measurement.median(calls: 200) {
            checks = Plan(request, phase: .mutate, policies: snapshot).checkCount
        }
        let what = "4 images, \(policies) policies (\(matching) match), \(checks) distinct checks"
        Measurement.report("plan", time / 1000, "µs", most: aim, what)
    }
}
