import Admission
import JSON
import Kubernetes
import LocalCluster
import Metrics
import Policy
import Synchronization
import Testing

@testable import Cluster
@testable import Rehearsal

@Suite("The background scan and its reports")
struct BackgroundScannerTests {
    /// What a scanner works with, and what it tells.
    private final class Work: Sendable {
        let scene: SeenScene
        let cluster = LocalCluster()
        let policies = Latest<PolicySnapshot?>(nil)
        let leader = Latest(true)
        let events = Mutex<[BackgroundScanner.Event]>([])

        init() throws { scene = try SeenScene() }

        /// How often it was asked who leads.
        let questions = Atomic(0)

        /// Whether the scanner comes to look so many times more.
        func looks(_ count: Int) async -> Bool {
            let before = questions.load(ordering: .relaxed)
            return await eventually { self.questions.load(ordering: .relaxed) >= before + count }
        }

        private struct Led: Leadership {
            let leader: Latest<Bool>
            let work: Work
            var isLeader: Bool {
                work.questions.add(1, ordering: .relaxed)
                return leader.value
            }
            func changes() -> AsyncStream<Bool> { leader.values() }
        }

        func scanner(
            interval: Duration = .seconds(1000), retry: Duration = .seconds(1000),
            metrics: MetricsRegistry = MetricsRegistry(includesProcess: false),
            kinds: @escaping BackgroundScanner.Kinds = { () throws(APIFailure) in [] }
        ) -> BackgroundScanner {
            BackgroundScanner(
                api: cluster, policies: { self.policies.value }, verifier: scene.verifier, facts: NoClusterFacts(),
                leadership: Led(leader: leader, work: self),
                configuration: BackgroundScanner.Configuration(
                    interval: interval, retryInterval: retry, settling: .milliseconds(5), look: .milliseconds(1),
                    excludedNamespaces: ["kube-system"], rate: nil, pageSize: 2),
                kinds: kinds, metrics: metrics, reportMetrics: ReportMetrics(metrics),
                observer: { event in self.events.withLock { $0.append(event) } })
        }

        var ended: [BackgroundScanner.Summary] {
            events.withLock { events in
                events.compactMap { if case .ended(let summary) = $0 { summary } else { nil } }
            }
        }

        /// Runs a scanner while `body` looks at it.
        func run(_ scanner: BackgroundScanner, _ body: () async throws -> Void) async throws {
            let running = Task { await scanner.run() }
            try await body()
            running.cancel()
            await running.value
        }

        func failed(_ why: String) -> Bool { events.withLock { $0.contains(.failed(why)) } }

        func put(_ name: String, _ tag: String) throws -> String {
            let object = try cluster.put(.pods, SeenScene.pod([scene.image(tag)], name: name))
            return object?["metadata"]?["uid"]?.string ?? ""
        }

        func report(_ uid: String) -> Value? {
            cluster.object(.policyReports, ObjectName("countersign-\(uid)", namespace: "test"))
        }

        /// As a cluster without the type answers.
        func withoutReports() {
            cluster.fail { request in
                request.type.group == "wgpolicyk8s.io" ? .status(404, reason: "NotFound", message: "no such type") : nil
            }
        }
    }

    @Test("Each object that a rule looks at gets a report, which goes with what it was about")
    func reports() async throws {
        let work = try Work()
        let good = try work.put("good", "signed")
        let bad = try work.put("bad", "unsigned")
        try work.cluster.put(.pods, SeenScene.pod(["other.test/a"], name: "other"))
        try work.cluster.put(.pods, SeenScene.pod([work.scene.image("unsigned")], name: "s", namespace: "kube-system"))
        let foreign = #"{"metadata":{"name":"foreign","namespace":"test"}}"#
        try work.cluster.put(.policyReports, foreign)
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 1 }) }

        let report = try #require(work.report(bad))
        #expect(report["kind"]?.string == "PolicyReport")
        #expect(report["scope"]?["name"]?.string == "bad")
        #expect(report["scope"]?["uid"]?.string == bad)
        #expect(report["metadata"]?["ownerReferences"]?[0]?["uid"]?.string == bad)
        #expect(report["metadata"]?["labels"]?["app.kubernetes.io/managed-by"]?.string == "countersign")
        #expect(report["summary"]?["fail"]?.integer == 1)
        #expect(report["summary"]?["warn"]?.integer == 0)
        let result = report["results"]?[0]
        #expect(result?["source"]?.string == "countersign")
        #expect(result?["policy"]?.string == "check-image")
        #expect(result?["rule"]?.string == "signed")
        #expect(result?["result"]?.string == "fail")
        #expect(result?["message"]?.string?.hasSuffix("signature not found") == true)
        #expect(result?["timestamp"]?["seconds"]?.integer ?? 0 > 1_700_000_000)
        #expect(result?["properties"]?["images"]?.string == "\(work.scene.image("unsigned")): fail")
        #expect(work.report(good)?["summary"]?["pass"]?.integer == 1)
        let summary = try #require(work.ended.first)
        #expect(
            summary
                == BackgroundScanner.Summary(
                    objects: 4, pass: 1, fail: 1, reportsWritten: 2, reportsRemoved: 0, hasReports: true))

        // The same again writes nothing; a changed object, a gone one and another policy do.
        work.cluster.forgetRequests()
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 2 }) }
        #expect(work.cluster.writes.isEmpty)

        work.cluster.remove(.pods, ObjectName("good", namespace: "test"))
        try work.cluster.put(.pods, SeenScene.pod([work.scene.image("signed")], name: "bad"))
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 3 }) }
        #expect(work.report(good) == nil)
        #expect(work.report(bad)?["results"]?[0]?["result"]?.string == "pass")
        #expect(work.report(bad)?["results"]?[0]?["message"] == nil)
        #expect(work.cluster.writes.map(\.verb).sorted() == ["delete", "update"])

        work.policies.set(.empty)
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 4 }) }
        #expect(work.report(bad) == nil)
        #expect(work.cluster.object(.policyReports, ObjectName("foreign", namespace: "test")) != nil)
    }

    @Test("It runs again when the policies change and when it is time, and says how far it is")
    func again() async throws {
        let work = try Work()
        _ = try work.put("good", "signed")
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner()) {
            #expect(await eventually { work.ended.count == 1 })
            work.policies.set(try work.scene.snapshot(work.scene.policy(spec: "background: false")))
            #expect(await eventually { work.ended.count == 2 })
        }
        #expect(work.ended.map(\.pass) == [1, 0])
        #expect(work.events.withLock { $0.first } == .began(policies: 1))
        // By the time, over and over. While a list is asked for, the gauge says how much was read before.
        for index in 0..<4 { _ = try work.put("web-\(index)", "signed") }
        let metrics = MetricsRegistry(includesProcess: false)
        let seen = Mutex<Set<String>>([])
        work.cluster.fail { request in
            if request.verb == "list", request.type == .pods {
                let text = String(decoding: metrics.render(), as: UTF8.self)
                let line = text.split(separator: "\n").first { $0.hasPrefix("countersign_background_scan_objects ") }
                seen.withLock { _ = $0.insert(line.map(String.init) ?? "") }
            }
            return nil
        }
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner(interval: .milliseconds(1), metrics: metrics)) {
            #expect(await eventually { work.ended.count > 4 })
            let text = String(decoding: metrics.render(), as: UTF8.self)
            #expect(text.contains(#"countersign_background_scans_total{result="complete"}"#))
            #expect(text.contains(#"countersign_background_results{result="pass"} 5"#))
        }
        #expect(
            seen.withLock { $0 }
                == Set([0, 2, 4].map { "countersign_background_scan_objects \($0)" }))
        #expect(String(decoding: metrics.render(), as: UTF8.self).contains("countersign_background_scan_objects 0"))
    }

    @Test("Only the leader scans, only with policies that are known, and who leads no more has found nothing")
    func leader() async throws {
        let work = try Work()
        _ = try work.put("good", "signed")
        work.leader.set(false)
        let metrics = MetricsRegistry(includesProcess: false)
        func passes(_ count: Int) -> Bool {
            String(decoding: metrics.render(), as: UTF8.self)
                .contains(#"countersign_background_results{result="pass"} \#(count)"#)
        }
        try await work.run(work.scanner(metrics: metrics)) {
            work.policies.set(try work.scene.snapshot(work.scene.policy()))
            #expect(await work.looks(20))
            #expect(work.cluster.requests.isEmpty)
            work.policies.set(nil)
            work.leader.set(true)
            #expect(await work.looks(20))
            #expect(work.cluster.requests.isEmpty)
            work.policies.set(try work.scene.snapshot(work.scene.policy()))
            #expect(await eventually { work.ended.count == 1 && passes(1) })
            // That it does not lead has to be seen before it leads again: the metrics tell.
            work.leader.set(false)
            #expect(await eventually { passes(0) })
            work.leader.set(true)
            #expect(await eventually { work.ended.count == 2 && passes(1) })
        }
    }

    @Test("A kind that may not be listed is passed over, told once, and keeps its reports")
    func forbidden() async throws {
        let work = try Work()
        let uid = try work.put("good", "signed")
        let deployment = try work.cluster.put(.deployments, SeenScene.deployment(work.scene.image("signed")))
        let other = deployment?["metadata"]?["uid"]?.string ?? ""
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 1 }) }
        #expect(work.report(uid) != nil && work.report(other) != nil)

        let refusal = APIFailure.status(403, reason: "Forbidden", message: "no deployments")
        work.cluster.fail { $0.type == .deployments ? refusal : nil }
        work.cluster.remove(.deployments, ObjectName("web", namespace: "test"))
        work.cluster.remove(.pods, ObjectName("good", namespace: "test"))
        // It ends as any other, with the long interval; here that is short, so that there are three.
        try await work.run(work.scanner(interval: .milliseconds(1))) {
            #expect(await eventually { work.ended.count >= 4 })
        }
        #expect(work.report(uid) == nil)
        #expect(work.report(other) != nil)
        let told = work.events.withLock { $0.filter(\.isProblem) }
        #expect(told == [.forbidden(WorkloadScan.Failure(type: .deployments, cause: refusal))])
    }

    @Test("Where kinds cannot be found that policies look at, the scan fails, and their reports stay")
    func withoutDiscovery() async throws {
        let work = try Work()
        let match = "{resources: {kinds: [example.test/v1/Machine]}}"
        let machines = ResourceType(
            group: "example.test", version: "v1", plural: "machines", kind: "Machine", isNamespaced: true)
        let object = #"{"metadata":{"name":"m","namespace":"test"},"spec":{"image":"\#(work.scene.image("signed"))"}}"#
        let uid = try work.cluster.put(machines, object)?["metadata"]?["uid"]?.string ?? ""
        let policy = work.scene.policy(match: match).replacing(
            "    verifyImages:", with: "    imageExtractors: {Machine: [{path: /spec/image}]}\n    verifyImages:")
        work.policies.set(try work.scene.snapshot(policy))
        try await work.run(work.scanner(kinds: { () throws(APIFailure) in [machines] })) {
            #expect(await eventually { work.ended.count == 1 })
        }
        #expect(work.report(uid) != nil)
        let away: BackgroundScanner.Kinds = { () throws(APIFailure) in throw .unreachable("away") }
        try await work.run(work.scanner(kinds: away)) {
            #expect(await eventually { work.failed("the API server cannot be reached: away") })
        }
        // One aggregated API is away, and the rest is there.
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 2 }) }
        #expect(work.report(uid) != nil)
        // Policies on built-in kinds need no answer.
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner(kinds: away)) { #expect(await eventually { work.ended.count == 3 }) }
        #expect(work.report(uid) == nil)
    }

    @Test("Old revisions of Deployments are passed over")
    func oldRevisions() async throws {
        let work = try Work()
        let replicaSets = ResourceType(
            group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", isNamespaced: true)
        let object = SeenScene.deployment(work.scene.image("unsigned"))
            .replacing(#""replicas":2"#, with: #""replicas":0"#)
        let uid = try work.cluster.put(replicaSets, object)?["metadata"]?["uid"]?.string ?? ""
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 1 }) }
        #expect(work.report(uid) == nil)
        #expect(work.ended.map(\.fail) == [0])
    }

    @Test("What is interrupted removes no report, and what fails is tried again")
    func failures() async throws {
        let work = try Work()
        let uid = try work.put("good", "signed")
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 1 }) }
        #expect(work.report(uid) != nil)

        // A list that cannot be had.
        let fails = Atomic(true)
        work.cluster.fail { request in
            fails.load(ordering: .relaxed) && request.type == .pods
                ? .status(500, reason: "InternalError", message: "no pods") : nil
        }
        try await work.run(work.scanner(retry: .milliseconds(1))) {
            #expect(
                await eventually { work.events.withLock { $0.contains(.failed("pods cannot be listed: no pods")) } })
            #expect(work.report(uid) != nil)
            fails.store(false, ordering: .relaxed)
            #expect(await eventually { work.ended.count == 2 })
        }

        // Reports that cannot be written.
        work.cluster.remove(.policyReports, ObjectName("countersign-\(uid)", namespace: "test"))
        let refusal = APIFailure.status(403, reason: "Forbidden", message: "no reports")
        work.cluster.fail { $0.verb == "create" ? refusal : nil }
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 3 }) }
        #expect(work.events.withLock { $0.contains(.reportsFailed(count: 1, refusal)) })

        // Reports that cannot be read.
        work.cluster.fail { $0.type == .policyReports ? refusal : nil }
        try await work.run(work.scanner()) {
            #expect(
                await eventually { work.events.withLock { $0.contains(.failed("reports cannot be read: no reports")) } }
            )
        }
    }

    @Test("Without PolicyReports in the cluster it scans all the same")
    func withoutReports() async throws {
        let work = try Work()
        work.withoutReports()
        _ = try work.put("bad", "unsigned")
        work.policies.set(try work.scene.snapshot(work.scene.policy()))
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 1 }) }
        #expect(work.ended == [BackgroundScanner.Summary(objects: 1, fail: 1)])
        #expect(work.cluster.writes.isEmpty)
    }

    @Test("A change of the policies in the middle begins anew")
    func interrupted() async throws {
        let work = try Work()
        for index in 0..<4 { _ = try work.put("web-\(index)", "signed") }
        let first = try work.scene.snapshot(work.scene.policy())
        let second = try work.scene.snapshot(work.scene.policy("other"))
        work.policies.set(first)
        let lists = Atomic(0)
        work.cluster.fail { request in
            if request.verb == "list", request.type == .pods, lists.add(1, ordering: .relaxed).newValue == 2 {
                work.policies.set(second)
            }
            return nil
        }
        try await work.run(work.scanner()) { #expect(await eventually { work.ended.count == 1 }) }
        #expect(work.events.withLock { $0.contains(.interrupted) })
        #expect(work.ended.first?.objects == 4)
    }

    @Test("An entry is the worst of what a rule says about the images, with all reasons")
    func content() {
        func row(_ rule: String, _ image: String?, _ result: Row.Result, _ message: String = "") -> Row {
            Row(
                kind: "Pod", namespace: "n", name: "a", policy: "p", rule: rule, image: image, result: result,
                message: message, digest: nil, denies: false)
        }
        let content = ReportContent([
            row("b", "one", .pass), row("b", "two", .error, "away"), row("b", "three", .fail, "no"),
            row("b", "four", .fail, "never"), row("a", nil, .error, "whole"), row("c", nil, .skip, "no image"),
            row("d", "x", .pass, String(repeating: "x", count: 5_000)),
        ])
        #expect(content.entries.map(\.rule) == ["a", "b", "d"])
        #expect(content.entries[1].result == .fail)
        #expect(content.entries[1].message == "no; never")
        #expect(content.entries[1].images == "one: pass; two: error; three: fail; four: fail")
        #expect(content.entries[2].message.count == ReportContent.maximumTextLength)
        let object = ObjectReference(apiVersion: "v1", kind: "Node", namespace: "", name: "a", uid: "u")
        let text = ReportText(object: object, content: content, kept: [], process: .backgroundScan, seconds: 7)
        let body = try? Document(text.body(replacing: nil)).root
        #expect(body?["kind"]?.string == "ClusterPolicyReport")
        #expect(body?["metadata"]?["namespace"] == nil)
        #expect(body?["results"]?.elements.compactMap { ReportContent.Entry(stored: $0) } == content.entries)

        // The worst are kept where there are too many.
        let many = ReportContent((0..<400).map { row("r\($0)", "x", $0 == 399 ? .fail : .pass) })
        #expect(many.entries.count == ReportContent.maximumEntries)
        #expect(many.entries.contains { $0.result == .fail })
    }
}
