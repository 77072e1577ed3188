import Admission
import JSON
import Kubernetes
import LocalCluster
import Metrics
import Policy
import Synchronization
import Testing

@testable import Cluster

@Suite("Reports on what is admitted")
struct ReportRecorderTests {
    /// A recorder at work, and the policies in force.
    private final class Work: Sendable {
        let scene: SeenScene
        let cluster = LocalCluster()
        let policies = Latest<PolicySnapshot?>(nil)
        let recorder: ReportRecorder
        let running: Task<Void, Never>

        init(hasReports: Bool = true) async throws {
            scene = try SeenScene()
            if !hasReports {
                cluster.fail { request in
                    request.type == .policyReports ? .status(404, reason: "NotFound", message: "no type") : nil
                }
            }
            let metrics = MetricsRegistry(includesProcess: false)
            let recorder = ReportRecorder(
                api: cluster, policies: { [policies] in policies.value }, metrics: ReportMetrics(metrics),
                registry: metrics,
                pace: ReportRecorder.Pace(
                    look: .milliseconds(2), settling: .milliseconds(1), burst: 100, rate: 1_000, probe: .seconds(100)),
                now: { 1_795_000_000 })
            self.recorder = recorder
            running = Task { await recorder.run() }
            let cluster = cluster
            // The queue hears of nothing before that is known.
            #expect(await eventually { cluster.requests.contains { $0.verb == "list" } })
            if hasReports { #expect(await eventually { recorder.hasReports }) }
        }

        deinit { running.cancel() }

        /// What the API server would ask about a Pod that is there afterwards.
        func admit(
            _ tag: String, uid: String = "u1", operation: String = "CREATE", phase: Phase = .validate,
            by part: FailurePolicy? = nil
        ) async throws {
            let pod = SeenScene.pod([scene.image(tag)], metadata: #","uid":"\#(uid)""#)
            let request = try SeenScene.review(pod, operation: operation)
            let all = policies.value ?? .empty
            let asked = part.map { part in PolicySnapshot(all.policies.filter { $0.failurePolicy == part }) } ?? all
            recorder.observe(request, await scene.outcome(request, phase, policies: asked), policies: asked)
        }

        func report(_ uid: String = "u1") -> Value? {
            cluster.object(.policyReports, ObjectName("countersign-\(uid)", namespace: "test"))
        }

        /// `policy result process`, entry by entry.
        func entries(_ uid: String = "u1") -> [String] {
            report(uid)?["results"]?.elements.map { entry in
                [entry["policy"], entry["result"], entry["properties"]?["process"]].map { $0?.string ?? "" }
                    .joined(separator: " ")
            } ?? []
        }

        /// Whether the API server was asked for reports once more, so that what came before has been looked at.
        func isSettled() async throws -> Bool {
            try await admit("signed", uid: "mark")
            return await eventually {
                self.cluster.requests.contains { $0.verb == "get" && $0.name == "test/countersign-mark" }
            }
        }
    }

    private static let audit = "Audit"
    private static let entry = "verifyDigest: false\n      mutateDigest: false"

    @Test("What is admitted has its report at once, a failure under Audit and a pass alike")
    func written() async throws {
        let work = try await Work()
        let policy = work.scene.policy(action: Self.audit, spec: "background: false", entry: Self.entry)
        work.policies.set(try work.scene.snapshot(policy))
        try await work.admit("unsigned")
        try await work.admit("signed", uid: "u2")
        #expect(await eventually { work.report() != nil && work.report("u2") != nil })
        #expect(work.entries() == ["check-image fail admission review"])
        #expect(work.entries("u2") == ["check-image pass admission review"])
        #expect(work.report()?["metadata"]?["ownerReferences"]?[0]?["uid"]?.string == "u1")
        #expect(work.report()?["metadata"]?["labels"]?["app.kubernetes.io/managed-by"]?.string == "countersign")
        #expect(work.report()?["scope"]?["name"]?.string == "web")
        #expect(work.report()?["summary"]?["fail"]?.integer == 1)

        // The same again is not written again, another answer is.
        let writes = work.cluster.writes.count
        try await work.admit("unsigned", operation: "UPDATE")
        #expect(try await work.isSettled())
        #expect(work.cluster.writes.filter { !$0.name.hasSuffix("mark") && $0.verb != "create" }.isEmpty)
        #expect(work.cluster.writes.count <= writes + 1)
        try await work.admit("signed", operation: "UPDATE")
        #expect(await eventually { work.entries() == ["check-image pass admission review"] })
    }

    @Test("Nothing is written of what is denied, of what mutate says, and of what no rule names")
    func silent() async throws {
        let work = try await Work()
        work.policies.set(try work.scene.snapshot(work.scene.policy(entry: Self.entry)))
        try await work.admit("unsigned")
        try await work.admit("signed", phase: .mutate)
        let other = try SeenScene.review(SeenScene.pod(["elsewhere.test/a"], metadata: #","uid":"u1""#))
        let asked = work.policies.value ?? .empty
        work.recorder.observe(other, await work.scene.outcome(other, .validate, policies: asked), policies: asked)
        #expect(try await work.isSettled())
        #expect(work.report() == nil)
        #expect(!work.cluster.requests.contains { $0.name == "test/countersign-u1" })
    }

    @Test("The calls of both failure policies, and the background scan, leave each other's entries alone")
    func together() async throws {
        let work = try await Work()
        let scene = work.scene
        let policies = try scene.snapshot(
            scene.policy("fail", action: Self.audit, spec: "background: false", entry: Self.entry),
            scene.policy("ignore", action: Self.audit, spec: "failurePolicy: Ignore", entry: Self.entry))
        work.policies.set(policies)
        let pod = try work.cluster.put(.pods, SeenScene.pod([scene.image("unsigned")]))
        let uid = pod?["metadata"]?["uid"]?.string ?? ""
        try await work.admit("unsigned", uid: uid, by: .fail)
        try await work.admit("unsigned", uid: uid, by: .ignore)
        let both = ["fail fail admission review", "ignore fail admission review"]
        #expect(await eventually { work.entries(uid).sorted() == both })

        // What the scan finds is the same, so that it writes nothing; it asks only one of the two.
        func scan() async throws {
            let ended = Atomic(false)
            let metrics = MetricsRegistry(includesProcess: false)
            let scanner = BackgroundScanner(
                api: work.cluster, policies: { work.policies.value }, verifier: scene.verifier,
                facts: NoClusterFacts(), leadership: SoleLeader(),
                configuration: BackgroundScanner.Configuration(
                    settling: .zero, look: .milliseconds(1), rate: nil),
                metrics: metrics, reportMetrics: ReportMetrics(metrics),
                observer: { if case .ended = $0 { ended.store(true, ordering: .relaxed) } })
            let running = Task { await scanner.run() }
            #expect(await eventually { ended.load(ordering: .relaxed) })
            running.cancel()
            await running.value
        }
        work.cluster.forgetRequests()
        try await scan()
        #expect(work.cluster.writes.isEmpty)
        #expect(work.entries(uid).sorted() == both)

        // A rule that has gone takes its entry with it, and leaves the other's.
        work.policies.set(
            try scene.snapshot(scene.policy("fail", action: Self.audit, spec: "background: false", entry: Self.entry)))
        try await scan()
        #expect(work.entries(uid) == ["fail fail admission review"])
        #expect(work.report(uid)?["summary"]?["fail"]?.integer == 1)
        work.policies.set(.empty)
        try await scan()
        #expect(work.report(uid) == nil)
    }

    @Test("Without PolicyReports in the cluster nothing is collected")
    func withoutReports() async throws {
        for hasReports in [true, false] {
            let work = try await Work(hasReports: hasReports)
            work.policies.set(try work.scene.snapshot(work.scene.policy(entry: Self.entry)))
            // It has asked whether there are any, and takes nothing out of the queue any more.
            work.running.cancel()
            await work.running.value
            try await work.admit("signed")
            #expect(work.recorder.queue.take(limit: 9, waitingSince: .now).isEmpty == !hasReports)
        }
    }

    @Test("Two who write at once lose nothing of each other, and what fails is tried again")
    func races() async throws {
        let work = try await Work()
        let scene = work.scene
        let policies = try scene.snapshot(
            scene.policy("fail", action: Self.audit, entry: Self.entry),
            scene.policy("ignore", action: Self.audit, spec: "failurePolicy: Ignore", entry: Self.entry))
        work.policies.set(policies)
        // Another replica writes between our read and our write, once; and once the API server is away.
        let times = Atomic(0)
        let object = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "test", name: "web", uid: "u1")
        let said = ReportContent(entries: [
            ReportContent.Entry(policy: "ignore", rule: "signed", result: .pass, message: "", images: "")
        ])
        let other = ReportText(object: object, content: said, kept: [], process: .admission, seconds: 1)
        work.cluster.fail { [cluster = work.cluster] request in
            guard request.verb == "create" else { return nil }
            switch times.add(1, ordering: .relaxed).newValue {
            case 1:
                _ = try? cluster.put(.policyReports, String(decoding: other.body(replacing: nil), as: UTF8.self))
                return nil
            default: return nil
            }
        }
        try await work.admit("unsigned", by: .fail)
        let both = ["fail fail admission review", "ignore pass admission review"]
        #expect(await eventually { work.entries().sorted() == both })

        let away = Atomic(0)
        work.cluster.fail { request in
            request.verb == "get" && away.add(1, ordering: .relaxed).newValue <= 2 ? .unreachable("away") : nil
        }
        try await work.admit("signed", operation: "UPDATE", by: .fail)
        let then = ["fail pass admission review", "ignore pass admission review"]
        #expect(await eventually { work.entries().sorted() == then })
    }

    @Test("What waits is bounded, and of one object what was said last")
    func queue() {
        let queue = ReportQueue()
        let begin = ContinuousClock.now
        func add(_ uid: String, _ message: String, _ policies: PolicySnapshot = .empty) {
            let object = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "n", name: "a", uid: uid)
            let content = ReportContent(entries: [
                ReportContent.Entry(policy: "p", rule: "r", result: .fail, message: message, images: "")
            ])
            queue.add(ReportQueue.Item(object: object, content: content, policies: policies, since: begin))
        }
        let other = PolicySnapshot([])
        add("a", "first")
        add("a", "second")
        add("a", "of others", other)
        #expect(queue.take(limit: 9, waitingSince: begin - .seconds(1)).isEmpty)
        let items = queue.take(limit: 9, waitingSince: begin)
        #expect(items.flatMap { $0.content.entries.map(\.message) }.sorted() == ["of others", "second"])
        #expect(queue.take(limit: 9, waitingSince: begin).isEmpty)

        // What is newer counts before what is given back.
        add("a", "third")
        for item in items where item.policies !== other { queue.giveBack(item) }
        #expect(queue.take(limit: 9, waitingSince: begin).map { $0.content.entries[0].message } == ["third"])

        let long = String(repeating: "x", count: 2_000)
        for index in 0..<2_000 { add("\(index)", long) }
        #expect(queue.dropped > 0)
        #expect(queue.take(limit: .max, waitingSince: begin).count + queue.dropped == 2_000)
    }
}
