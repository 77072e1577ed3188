import Admission
import HTTPClient
import HTTPServer
import JSON
import Kubernetes
import LocalCluster
import Metrics
import Policy
import Synchronization
import Testing

@testable import Cluster

@Suite("Events")
struct EventTests {
    private static let quick = EventRecorder.Pace(look: .milliseconds(5), burst: 100, rate: 100)

    private func drafts(
        _ scene: SeenScene, _ object: String, policy: String, phase: Phase = .validate, name: String = "web"
    ) async throws -> [EventDraft] {
        let request = try SeenScene.review(object, name: name)
        return EventDraft.of(request, await scene.outcome(request, phase, policies: try scene.snapshot(policy)))
    }

    @Test("A denial is told on the object and on the policy, by whichever call made it")
    func denial() async throws {
        let scene = try SeenScene()
        for phase in [Phase.mutate, .validate] {
            let drafts = try await drafts(
                scene, SeenScene.pod([scene.image("unsigned")]), policy: scene.policy(), phase: phase)
            #expect(
                drafts.map(\.subject) == [
                    .object(ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "test", name: "web")),
                    .policy(ObjectName("check-image")),
                ])
            #expect(drafts.allSatisfy { $0.reason == .violation && $0.isDenied })
            let why = "image verification failed for \(scene.image("unsigned")): signature not found"
            #expect(drafts.first?.message == "policy check-image fail (blocked): [signed] \(why)")
            #expect(drafts.last?.message == "Pod test/web: fail (blocked); [signed] \(why)")
        }
    }

    @Test("A denied object that another was to make is told on its maker")
    func owner() async throws {
        let scene = try SeenScene()
        let owners = #"""
            ,"generateName":"web-","ownerReferences":[{"apiVersion":"v1","kind":"Other","name":"o","uid":"0"},
            {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","uid":"u1","controller":true}]
            """#
        let pod = SeenScene.pod([scene.image("unsigned")], name: "", metadata: owners)
        let drafts = try await drafts(scene, pod, policy: scene.policy(), name: "")
        #expect(
            drafts.first?.subject
                == .object(
                    ObjectReference(
                        apiVersion: "apps/v1", kind: "ReplicaSet", namespace: "test", name: "web-1", uid: "u1")))
        #expect(drafts.first?.message.contains(" for Pod test/web-?: ") == true)
        let node = owners.replacing("ReplicaSet", with: "Node")
        let mirror = SeenScene.pod([scene.image("unsigned")], name: "", metadata: node)
        #expect(
            try await self.drafts(scene, mirror, policy: scene.policy(), name: "").first?.subject
                == .object(ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "test", name: "web-?")))
    }

    @Test("What Audit lets through is told once, by validate, on the object that is there then")
    func audit() async throws {
        let scene = try SeenScene()
        let pod = SeenScene.pod([scene.image("unsigned")], metadata: #","uid":"u9""#)
        let policy = scene.policy(action: "Audit")
        #expect(try await drafts(scene, pod, policy: policy, phase: .mutate).isEmpty)
        let drafts = try await drafts(scene, pod, policy: policy)
        #expect(drafts.map(\.reason) == [.violation, .violation])
        #expect(drafts.allSatisfy { !$0.isDenied })
        guard case .object(let object)? = drafts.first?.subject else { return #expect(Bool(false)) }
        #expect(object.uid == "u9")
        #expect(drafts.first?.message.hasPrefix("policy check-image fail: [signed] ") == true)
    }

    @Test("An error is told as an error, what an exception lets through as skipped, and a pass not at all")
    func reasons() async throws {
        let scene = try SeenScene()
        let passing = try await drafts(
            scene, SeenScene.pod([scene.image("signed")]), policy: scene.policy(entry: "verifyDigest: false"))
        #expect(passing.isEmpty)
        scene.registry.stop()
        let erring = try await drafts(
            scene, SeenScene.pod([scene.image("other")]), policy: scene.policy(action: "Audit"))
        #expect(erring.first?.reason == .error)

        let exception = """
            apiVersion: kyverno.io/v2
            kind: PolicyException
            metadata: {name: let-it, namespace: test}
            spec:
              match: {any: [{resources: {kinds: [Pod]}}]}
              exceptions: [{policyName: check-image, ruleNames: [signed]}]
            """
        let excepted = try await drafts(
            scene, SeenScene.pod([scene.image("unsigned")]),
            policy: scene.policy(entry: "mutateDigest: false\n      verifyDigest: false") + "\n---\n" + exception)
        #expect(excepted.first?.reason == .exception)
        #expect(excepted.first?.message == "policy check-image skip: [signed] excepted by PolicyException test/let-it")
    }

    @Test("Messages are bounded, and names are what Kubernetes takes")
    func bounds() async throws {
        let scene = try SeenScene()
        let images = (0..<60).map { scene.image("unsigned-\($0)") }
        let drafts = try await drafts(scene, SeenScene.pod(images), policy: scene.policy())
        #expect(drafts.first?.message.count == EventDraft.maximumMessageLength)
        let draft = try #require(drafts.first)
        let item = EventQueue.Item(draft: draft, count: 1, first: 0, last: 0)
        let text = EventText(instance: "a")
        func name(_ object: String) -> String {
            text.name(item, on: ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "n", name: object))
        }
        #expect(name("web-?").hasPrefix("web--x."))
        #expect(name("?").hasPrefix("countersign."))
        #expect(name("Web.1").hasPrefix("web-1."))
        #expect(name(String(repeating: "a", count: 253)).count < 253)
        #expect(
            name("a")
                != EventText(instance: "b").name(
                    item,
                    on: ObjectReference(
                        apiVersion: "v1", kind: "Pod", namespace: "n", name: "a")))
    }

    // MARK: Counting

    private static func draft(_ message: String) -> EventDraft {
        EventDraft(subject: .policy(ObjectName(message)), reason: .violation, message: message, isDenied: true)
    }

    @Test("Equal drafts are one Event with a count, which is told again after a while")
    func counting() {
        let queue = EventQueue()
        for _ in 0..<3 { queue.add(Self.draft("a"), at: 100) }
        let first = queue.due(at: 100, limit: 10)
        #expect(first == [EventQueue.Item(draft: Self.draft("a"), count: 3, first: 100, last: 100)])
        queue.finish(first[0], at: 100)
        #expect(queue.due(at: 200, limit: 10).isEmpty)
        queue.add(Self.draft("a"), at: 105)
        #expect(queue.due(at: 105, limit: 10).isEmpty)
        #expect(queue.due(at: 110, limit: 10).map(\.count) == [4])
        // Another begins once the window is over.
        queue.finish(queue.due(at: 110, limit: 10)[0], at: 110)
        queue.add(Self.draft("a"), at: 100 + EventQueue.window)
        #expect(queue.due(at: 700, limit: 10).map { [$0.count, $0.first] } == [[1, 700]])
    }

    @Test("There is room for so many; those that are written make room, and what finds none is counted")
    func capacity() {
        let queue = EventQueue()
        for index in 0...EventQueue.capacity { queue.add(Self.draft("\(index)"), at: 0) }
        #expect(queue.dropped == 1)
        let due = queue.due(at: 0, limit: 1)
        #expect(due.map(\.draft.message) == ["0"])
        queue.finish(due[0], at: 0)
        queue.add(Self.draft("new"), at: 0)
        #expect(queue.dropped == 1)
        #expect(queue.due(at: 0, limit: .max).count == EventQueue.capacity)
    }

    @Test("What nobody has heard of comes before what only has another count")
    func order() {
        let queue = EventQueue()
        queue.add(Self.draft("old"), at: 0)
        queue.finish(queue.due(at: 0, limit: 1)[0], at: 0)
        queue.add(Self.draft("old"), at: EventQueue.recount)
        queue.add(Self.draft("new"), at: EventQueue.recount)
        #expect(queue.due(at: EventQueue.recount, limit: 10).map(\.draft.message) == ["new", "old"])
        #expect(queue.due(at: EventQueue.recount, limit: 1).map(\.draft.message) == ["new"])
    }

    @Test("Many messages about one subject for one reason become one, counted, for as long as the window lasts")
    func combining() {
        func draft(_ number: Int, _ reason: EventDraft.Reason = .violation) -> EventDraft {
            EventDraft(subject: .policy(ObjectName("p")), reason: reason, message: "pod-\(number)", isDenied: true)
        }
        let queue = EventQueue()
        for number in 0..<50 { queue.add(draft(number), at: 0) }
        queue.add(draft(3), at: 0)
        queue.add(draft(99, .error), at: 0)
        let due = queue.due(at: 0, limit: 100)
        #expect(due.count == EventQueue.maximumMessages + 2)
        #expect(due.first { $0.draft.message == EventDraft.combinedMessage }?.count == 40)
        #expect(due.first { $0.draft == draft(3) }?.count == 2)
        for item in due { queue.finish(item, at: 0) }
        queue.add(draft(50), at: EventQueue.window)
        #expect(queue.due(at: EventQueue.window, limit: 100).map(\.draft) == [draft(50)])
    }

    @Test("Tries of one controller to make an object are one Event, although validate sees names and uids")
    func generatedNames() async throws {
        let scene = try SeenScene()
        func subject(_ name: String, _ sent: String) async throws -> EventDraft.Subject? {
            let metadata = #","generateName":"web-","uid":"\#(name)-uid""#
            let pod = SeenScene.pod([scene.image("unsigned")], name: name, metadata: metadata)
            return try await drafts(scene, pod, policy: scene.policy(), name: sent).first?.subject
        }
        let all = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "test", name: "web-?")
        #expect(try await subject("web-x1z", "") == .object(all))
        #expect(try await subject("web-y2z", "") == .object(all))
        // A StatefulSet names its Pods, besides.
        let named = ObjectReference(apiVersion: "v1", kind: "Pod", namespace: "test", name: "web-0")
        #expect(try await subject("web-0", "web-0") == .object(named))
    }

    // MARK: Writing

    /// Runs a recorder over what `body` observes, until `holds`.
    private func recording(
        _ cluster: LocalCluster, _ body: (EventRecorder) async throws -> Void, until holds: () -> Bool
    ) async throws {
        let recorder = EventRecorder(
            api: cluster, instance: "pod-1", metrics: MetricsRegistry(includesProcess: false), pace: Self.quick,
            now: { 1_795_000_000 })
        let running = Task { await recorder.run() }
        try await body(recorder)
        #expect(await eventually(holds))
        running.cancel()
        await running.value
    }

    private func deny(_ scene: SeenScene, _ recorder: EventRecorder) async throws {
        let request = try SeenScene.review(SeenScene.pod([scene.image("unsigned")]))
        recorder.observe(
            request, await scene.outcome(request, .validate, policies: try scene.snapshot(scene.policy())),
            policies: .empty)
    }

    @Test("Events are written where kubectl looks for them, and not on policies that are no objects")
    func writing() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        try cluster.put(.clusterPolicies, #"{"metadata":{"name":"check-image"}}"#)
        try await recording(cluster) {
            try await deny(scene, $0)
        } until: {
            cluster.writes.count == 2
        }
        let bodies = try cluster.writes.map { try Document($0.body).root }
        #expect(bodies.map { $0["metadata"]?["namespace"]?.string } == ["test", "default"])
        let event = bodies[1]
        #expect(event["involvedObject"]?["kind"]?.string == "ClusterPolicy")
        #expect(event["involvedObject"]?["uid"]?.string?.hasPrefix("uid-") == true)
        #expect(event["involvedObject"]?["namespace"] == nil)
        #expect(event["reason"]?.string == "PolicyViolation")
        #expect(event["type"]?.string == "Warning")
        #expect(event["count"]?.integer == 1)
        #expect(event["firstTimestamp"]?.string == "2026-11-18T11:06:40Z")
        #expect(event["reportingInstance"]?.string == "pod-1")

        let bare = LocalCluster()
        try await recording(bare) {
            try await deny(scene, $0)
        } until: {
            bare.requests.contains { $0.verb == "get" } && bare.writes.count == 1
        }
    }

    @Test("While the API server is away nothing is lost, and what it refuses is not tried again")
    func refusals() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let tries = Atomic(0)
        cluster.fail { request in
            guard request.verb == "apply" else { return nil }
            return tries.add(1, ordering: .relaxed).newValue <= 3 ? .unreachable("away") : nil
        }
        try await recording(cluster) {
            try await deny(scene, $0)
        } until: {
            let name = cluster.writes.last?.name.split(separator: "/").last.map(String.init) ?? ""
            return cluster.object(.events, ObjectName(name, namespace: "test")) != nil
        }
        #expect(cluster.writes.count == 4)

        // The first of two is refused; once the second one is there, the first had all the turns that it gets.
        let refusing = LocalCluster()
        try refusing.put(.clusterPolicies, #"{"metadata":{"name":"check-image"}}"#)
        refusing.fail { request in
            request.verb == "apply" && request.name.hasPrefix("test/")
                ? .status(403, reason: "Forbidden", message: "no") : nil
        }
        let looks = Atomic(0)
        try await recording(refusing) {
            try await deny(scene, $0)
        } until: {
            let isWritten = refusing.writes.contains { $0.name.hasPrefix("default/") }
            return isWritten && looks.add(1, ordering: .relaxed).newValue > 20
        }
        #expect(refusing.writes.map { $0.name.prefix { $0 != "/" } } == ["test", "default"])
    }

    @Test(
        "One that the API server fails at again and again stands in nobody's way",
        arguments: [
            APIFailure.status(500, reason: "InternalError", message: "odd"), .malformed("odd"),
        ])
    func stuck(failure: APIFailure) async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        try cluster.put(.clusterPolicies, #"{"metadata":{"name":"check-image"}}"#)
        cluster.fail { $0.verb == "apply" && $0.name.hasPrefix("test/") ? failure : nil }
        try await recording(cluster) {
            try await deny(scene, $0)
        } until: {
            cluster.writes.contains { $0.name.hasPrefix("default/") }
        }
    }

    @Test("What fails is tried again after a while, and given up in the end")
    func postponing() {
        let queue = EventQueue()
        queue.add(Self.draft("a"), at: 0)
        var now = 0
        for turn in 1...EventQueue.maximumFailures {
            let item = queue.due(at: now, limit: 1).first
            #expect(item != nil)
            guard let item else { return }
            #expect(queue.postpone(item, at: now) == (turn == EventQueue.maximumFailures))
            #expect(queue.due(at: now, limit: 1).isEmpty)
            now += EventQueue.recount
        }
        #expect(queue.due(at: now, limit: 1).isEmpty)
    }

    // MARK: The hook

    private final class Heard: DecisionObserver {
        let heard = Mutex<[String]>([])
        func observe(_ request: AdmissionRequest, _ outcome: Outcome, policies: PolicySnapshot) {
            let names = policies.policies.map(\.name).joined(separator: ",")
            heard.withLock { $0.append("\(outcome.verdict.isAllowed ? "allowed" : "denied") by \(names)") }
        }
    }

    @Test("The gate tells of what is decided and by which policies, and never of a dry run")
    func hook() async throws {
        let scene = try SeenScene()
        let heard = Heard()
        let registry = MetricsRegistry(includesProcess: false)
        let service = AdmissionService(
            policies: try scene.snapshot(
                scene.policy("fail"), scene.policy("ignore", spec: "failurePolicy: Ignore")), verifier: scene.verifier,
            log: DecisionLog(format: .text, sink: nil), metrics: AdmissionMetrics(registry),
            operations: OperationsService { [] }, observers: [heard])
        let server = try Server(Server.Configuration(host: "127.0.0.1", port: 0), service: service)
        server.start()
        func post(_ object: String, to path: String = "/validate", isDryRun: Bool = false) async throws {
            let body = #"""
                {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","dryRun":\#(isDryRun),
                "kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","namespace":"test","name":"web",
                "resource":{"group":"","version":"v1","resource":"pods"},"object":\#(object)}}
                """#
            _ = try await scene.http.send(
                HTTPClient.Request(
                    method: "POST", url: "http://127.0.0.1:\(server.port)\(path)", body: Array(body.utf8),
                    maximumResponseBytes: 1 << 20, deadline: .now + .seconds(20)))
        }
        try await post(SeenScene.pod([scene.image("unsigned")]), isDryRun: true)
        #expect(heard.heard.withLock { $0 }.isEmpty)
        try await post(SeenScene.pod(["elsewhere.test/a"]))
        try await post(SeenScene.pod([scene.image("unsigned")]), to: "/validate/ignore")
        #expect(heard.heard.withLock { $0 } == ["allowed by fail,ignore", "denied by fail,ignore"])
        server.stop()
    }
}
