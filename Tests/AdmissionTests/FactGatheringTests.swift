import JSON
import Policy
import Testing

@testable import Admission

@Suite("Gathering facts")
struct FactGatheringTests {
    /// A cluster that knows one namespace and one user; anything else is refused.
    private struct Cluster: ClusterFacts {
        var hangs = false

        func namespaceLabels(_ name: String) async throws(FactFailure) -> [String: String] {
            if hangs { await Self.forever() }
            guard name == "test" else { throw FactFailure(.notFound, "namespace \(name)", "there is none") }
            return ["tier": "prod"]
        }
        func configMap(_ name: String, namespace: String) async throws(FactFailure) -> Value {
            throw FactFailure(.notFound, name, "there is none")
        }
        func secret(_ name: String, namespace: String) async throws(FactFailure) -> [String: [UInt8]] { [:] }
        func roles(of user: UserInfo) async throws(FactFailure) -> UserRoles {
            UserRoles(roles: ["test:\(user.username)"])
        }
        func object(at path: String) async throws(FactFailure) -> Value {
            throw FactFailure(.forbidden, path, "it may not be read")
        }

        /// Waits however often it is cancelled, as bad clients do.
        private static func forever() async {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                Task {
                    while (try? await Task.sleep(for: .seconds(60))) != nil {}
                    continuation.resume()
                }
            }
        }
    }

    private let pod = ResourceAttributes(
        operation: .create, kind: "Pod", namespace: "test", name: "a", userInfo: UserInfo(username: "u"))

    private func facts(
        _ needs: RuleNeeds, _ cluster: any ClusterFacts = Cluster(), of pod: ResourceAttributes? = nil,
        within: Duration = .seconds(60)
    ) async -> RequestFacts {
        await FactGathering.facts(needs, about: pod ?? self.pod, from: cluster, deadline: .now + within)
    }

    @Test("Only what is needed is asked")
    func asksWhatIsNeeded() async {
        #expect(await facts([]) == .none)
        #expect(await facts(.namespaceLabels) == RequestFacts(namespaceLabels: .success(["tier": "prod"])))
        #expect(await facts(.roles) == RequestFacts(roles: .success(UserRoles(roles: ["test:u"]))))
        let both = await facts([.namespaceLabels, .roles])
        #expect(both.namespaceLabels != nil && both.roles != nil)
    }

    @Test("What is not to be had is a failure, and so is what does not come in time")
    func failures() async {
        var elsewhere = pod
        elsewhere.namespace = "other"
        let missing = await facts(.namespaceLabels, of: elsewhere)
        #expect(missing.namespaceLabels == .failure(FactFailure(.notFound, "namespace other", "there is none")))

        let late = await facts([.namespaceLabels, .roles], Cluster(hangs: true), within: .milliseconds(20))
        guard case .failure(let failure) = late.namespaceLabels else {
            Issue.record("\(late)")
            return
        }
        #expect(failure.kind == .unavailable && failure.description.contains("did not answer in time"))

        let none = await facts([.namespaceLabels, .roles], NoClusterFacts())
        guard case .failure(let failure) = none.roles else {
            Issue.record("\(none)")
            return
        }
        #expect(failure.description.contains("--cluster-facts"))
    }
}
