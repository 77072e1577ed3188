import JSON
import Kubernetes
import LocalCluster
import Synchronization
import Testing

/// Waits until something holds that another task brings about.
func untilTrue(_ condition: () throws -> Bool) async throws {
    for _ in 0..<2000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it did not come about")
}

extension Pace {
    /// Failures are waited out in no time to speak of.
    static let quick = Pace(
        firstDelay: .milliseconds(1), longestDelay: .milliseconds(5), absentDelay: .milliseconds(5),
        steadyTime: .milliseconds(1))
}

/// A clock that a test moves.
final class TestClock: Sendable {
    private let instant = Mutex(ContinuousClock.now)

    var now: @Sendable () -> ContinuousClock.Instant { { self.instant.withLock { $0 } } }

    func advance(by duration: Duration) { instant.withLock { $0 += duration } }
}

/// Objects that the tests put into a cluster.
extension LocalCluster {
    /// A pull secret for a registry.
    func putPullSecret(_ name: String, in namespace: String, for host: String, _ user: String, _ password: String)
        throws
    {
        let auth = Base64.encode(Array("\(user):\(password)".utf8))
        let config = Base64.encode(Array(#"{"auths":{"\#(host)":{"auth":"\#(auth)"}}}"#.utf8))
        try put(
            .secrets,
            #"""
            {"metadata":{"name":"\#(name)","namespace":"\#(namespace)"},"type":"kubernetes.io/dockerconfigjson",
            "data":{".dockerconfigjson":"\#(config)"}}
            """#)
    }

    /// A Secret or ConfigMap with one entry.
    func put(_ type: ResourceType, _ name: String, in namespace: String, _ key: String, _ value: String) throws {
        let text = type == .secrets ? Base64.encode(Array(value.utf8)) : value
        try put(
            type, #"{"metadata":{"name":"\#(name)","namespace":"\#(namespace)"},"data":{"\#(key)":"\#(text)"}}"#)
    }

    /// `get secrets n/a`, for each read so far.
    var reads: [String] { requests.map { "\($0.verb) \($0.type) \($0.name)" } }
}
