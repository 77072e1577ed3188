import Admission
import JSON
import Kubernetes
import LocalCluster
import Policy
import Rehearsal
import Synchronization
import Testing
import YAML

@testable import Cluster

extension ResourceType {
    static let deployments = ResourceType(
        group: "apps", version: "v1", plural: "deployments", kind: "Deployment", isNamespaced: true)
    static let cronJobs = ResourceType(
        group: "batch", version: "v1beta1", plural: "cronjobs", kind: "CronJob", isNamespaced: true)
}

@Suite("Scans of what exists")
struct ScanTests {
    private func scan(
        _ scene: SeenScene, _ cluster: LocalCluster, policies: PolicySnapshot,
        options: WorkloadScan.Options = WorkloadScan.Options()
    ) async throws -> ScanReport {
        var report = ScanReport()
        let ending = try await workloads(scene, cluster, policies, options)
            .run(ScanTarget.targets(of: policies)) { step in
                if case .scanned(let object) = step { report.add(object) }
            }
        #expect(ending.isComplete)
        return report
    }

    private func workloads(
        _ scene: SeenScene, _ cluster: LocalCluster, _ policies: PolicySnapshot,
        _ options: WorkloadScan.Options = WorkloadScan.Options()
    ) -> WorkloadScan {
        WorkloadScan(
            api: cluster,
            rehearsal: Rehearsal(evaluator: Evaluator(policies: policies, verifier: scene.verifier)), options: options)
    }

    @Test("Pods and what makes them, by namespace and image, each image once")
    func images() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let (signed, unsigned) = (scene.image("signed"), scene.image("unsigned"))
        for index in 0..<3 {
            try cluster.put(.pods, SeenScene.pod([signed, signed, "other.test/a"], name: "web-\(index)"))
        }
        try cluster.put(.pods, SeenScene.pod([unsigned], name: "bad", namespace: "other"))
        try cluster.put(.deployments, SeenScene.deployment(signed))
        let report = try await scan(
            scene, cluster, policies: try scene.snapshot(scene.policy()),
            options: WorkloadScan.Options(width: 2, pageSize: 2))
        let lines = report.sortedLines
        #expect(
            lines.map { "\($0.namespace) \($0.image) \($0.pods) \($0.others)" }.sorted()
                == [
                    "other \(unsigned) 1 0", "test \(signed) 3 1", "test other.test/a 3 0",
                ].sorted())
        let byImage = Dictionary(uniqueKeysWithValues: lines.map { ($0.image, $0) })
        #expect(byImage[signed]?.worst?.result == .pass)
        #expect(byImage[signed]?.digest != nil)
        #expect(byImage[signed]?.findings.map(\.rule).sorted() == ["autogen-signed", "signed"])
        #expect(byImage[unsigned]?.worst?.denies == true)
        #expect(byImage[unsigned]?.worst?.cause == "signature not found")
        #expect(byImage["other.test/a"]?.worst == nil)
        #expect(report.denied == ["Pod/other/bad"])
        #expect(report.objects == 5 && report.pods == 4)
        #expect(cluster.writes.isEmpty)
        // One resolution and one verification for all of them.
        #expect(report.rows.count { $0.result == .pass } == 4)

        let json = try Document(report.json).root
        #expect(json["images"]?.count == 3)
        #expect(json["images"]?[0]?["result"]?.string == "fail")
        #expect(json["images"]?[0]?["denies"]?.boolean == true)
        #expect(json["images"]?.elements.map { $0["result"]?.string }.contains("none") == true)
        #expect(json["results"]?.count == 5)
        #expect(json["denied"]?[0]?.string == "Pod/other/bad")
        #expect(json["summary"]?["pods"]?.integer == 4)
        #expect(json["summary"]?["fail"]?.integer == 1)
    }

    @Test("Under Audit a failure is told and nothing would be denied; of several objects, the worst counts")
    func audit() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let unsigned = scene.image("unsigned")
        try cluster.put(.pods, SeenScene.pod([unsigned], name: "a"))
        let selector = #"{resources: {kinds: [Pod], selector: {matchLabels: {app: web}}}}"#
        try cluster.put(.pods, SeenScene.pod([unsigned], name: "b", metadata: #","labels":{"app":"web"}"#))
        let audit = try await scan(scene, cluster, policies: try scene.snapshot(scene.policy(action: "Audit")))
        #expect(audit.denied.isEmpty)
        #expect(audit.sortedLines.map { $0.worst?.result } == [.fail])
        #expect(audit.sortedLines.map { $0.worst?.denies } == [false])
        let both = try await scan(
            scene, cluster,
            policies: try scene.snapshot(scene.policy(action: "Audit"), scene.policy("strict", match: selector)))
        #expect(both.denied == ["Pod/test/b"])
        #expect(both.sortedLines.map { $0.worst?.policy } == ["strict"])
    }

    @Test("Namespaces without a webhook, what is being deleted and what has ended are passed over")
    func passedOver() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let image = scene.image("unsigned")
        try cluster.put(.pods, SeenScene.pod([image], name: "a"))
        try cluster.put(.pods, SeenScene.pod([image], name: "b", namespace: "kube-system"))
        try cluster.put(
            .pods, SeenScene.pod([image], name: "c", metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#))
        try cluster.put(.pods, SeenScene.pod([image], name: "d", status: #"{"phase":"Succeeded"}"#))
        let replicaSets = ResourceType(
            group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", isNamespaced: true)
        try cluster.put(
            replicaSets, SeenScene.deployment(image, name: "e").replacing(#""replicas":2"#, with: #""replicas":0"#))
        let jobs = ResourceType(group: "batch", version: "v1", plural: "jobs", kind: "Job", isNamespaced: true)
        try cluster.put(
            jobs,
            String(SeenScene.deployment(image, name: "f").dropLast(1))
                + #","status":{"conditions":[{"type":"Complete","status":"True"}]}}"#)
        let policies = try scene.snapshot(scene.policy())
        let running = WorkloadScan.Options(excludedNamespaces: ["kube-system"], onlyRunning: true)
        #expect(try await scan(scene, cluster, policies: policies, options: running).denied == ["Pod/test/a"])
        #expect(try await scan(scene, cluster, policies: policies).objects == 4)
        let one = WorkloadScan.Options(namespace: "kube-system")
        #expect(try await scan(scene, cluster, policies: policies, options: one).denied == ["Pod/kube-system/b"])
    }

    @Test("A list that is forgotten in the middle is begun anew, and no object counts twice")
    func expired() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        for index in 0..<6 { try cluster.put(.pods, SeenScene.pod([scene.image("signed")], name: "web-\(index)")) }
        let lists = Atomic(0)
        cluster.fail { request in
            guard request.verb == "list", request.type == .pods else { return nil }
            return lists.add(1, ordering: .relaxed).newValue == 3
                ? .status(410, reason: "Expired", message: "too old") : nil
        }
        let report = try await scan(
            scene, cluster, policies: try scene.snapshot(scene.policy()), options: WorkloadScan.Options(pageSize: 2))
        #expect(report.pods == 6)

        cluster.fail { $0.type == .pods ? .status(500, reason: "InternalError", message: "no pods today") : nil }
        let failure = await #expect(throws: WorkloadScan.Failure.self) {
            _ = try await scan(scene, cluster, policies: try scene.snapshot(scene.policy()))
        }
        #expect(failure?.description == "pods cannot be listed: no pods today")
    }

    @Test("A kind that may not be listed is told, and everything else is looked at")
    func forbidden() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        try cluster.put(.pods, SeenScene.pod([scene.image("unsigned")]))
        try cluster.put(.deployments, SeenScene.deployment(scene.image("unsigned")))
        cluster.fail { $0.type == .pods ? .status(403, reason: "Forbidden", message: "no pods for you") : nil }
        let policies = try scene.snapshot(scene.policy())
        var report = ScanReport()
        let ending = try await workloads(scene, cluster, policies).run(ScanTarget.targets(of: policies)) { step in
            if case .scanned(let object) = step { report.add(object) }
        }
        #expect(ending.isComplete)
        #expect(ending.forbidden.map(\.description) == ["pods cannot be listed: no pods for you"])
        #expect(!ending.kinds.contains(ScannedKind(.pods)) && ending.kinds.contains(ScannedKind(.deployments)))
        #expect(report.denied == ["Deployment/test/web"])
    }

    @Test("What befalls a rule as a whole is said of the images, and is no silence")
    func wholeRules() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let image = scene.image("unsigned")
        try cluster.put(.pods, SeenScene.pod([image]))
        // Nothing is known about namespaces here, so that it cannot be told whether the rule looks.
        let match = "{resources: {kinds: [Pod], namespaceSelector: {matchLabels: {a: b}}}}"
        let audit = try await scan(
            scene, cluster, policies: try scene.snapshot(scene.policy(action: "Audit", match: match)))
        #expect(audit.sortedLines.map { $0.worst?.result } == [.error])
        #expect(audit.warnings.count == 1 && audit.problems.isEmpty && audit.denied.isEmpty)
        let enforced = try await scan(scene, cluster, policies: try scene.snapshot(scene.policy(match: match)))
        #expect(enforced.sortedLines.map { $0.worst?.denies } == [true])
        #expect(enforced.problems.count == 1 && enforced.warnings.isEmpty && enforced.denied == ["Pod/test/web"])
    }

    @Test("Objects of the cluster are in no namespace, whoever defined their kind")
    func clusterKinds() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let machines = ResourceType(
            group: "example.test", version: "v1", plural: "machines", kind: "Machine", isNamespaced: false)
        let object = #"{"metadata":{"name":"m"},"spec":{"image":"\#(scene.image("unsigned"))"}}"#
        try cluster.put(machines, object)
        func policy(_ namespaces: String) -> String {
            scene.policy(match: "{resources: {kinds: [example.test/v1/Machine]\(namespaces)}}").replacing(
                "    verifyImages:", with: "    imageExtractors: {Machine: [{path: /spec/image}]}\n    verifyImages:")
        }
        func denied(_ policies: PolicySnapshot) async throws -> [String] {
            var report = ScanReport()
            _ = try await workloads(scene, cluster, policies)
                .run(ScanTarget.targets(of: policies, known: [machines])) { step in
                    if case .scanned(let object) = step { report.add(object) }
                }
            return report.denied
        }
        #expect(try await denied(try scene.snapshot(policy(""))) == ["Machine/m"])
        #expect(try await denied(try scene.snapshot(policy(", namespaces: [default]"))).isEmpty)
    }

    @Test("A kind is read in the first version that the API server has, and not at all where it has none")
    func versions() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let policies = try scene.snapshot(scene.policy())
        let lists = Mutex<[String]>([])
        cluster.fail { request in
            guard request.verb == "list" else { return nil }
            lists.withLock { $0.append("\(request.type.apiVersion) \(request.type.plural)") }
            return request.type.group == "batch" && request.type.version == "v1"
                || request.type.plural == "statefulsets"
                ? .status(404, reason: "NotFound", message: "no such type") : nil
        }
        _ = try await scan(scene, cluster, policies: policies)
        let asked = lists.withLock { $0 }
        #expect(asked.first == "v1 pods")
        #expect(asked.contains("batch/v1 cronjobs") && asked.contains("batch/v1beta1 cronjobs"))
        #expect(asked.count == 9)
    }

    @Test("Targets are what rules look at, in the versions that they name")
    func targets() throws {
        let scene = try SeenScene()
        func targets(_ match: String, _ known: ResourceType...) throws -> [String] {
            let policies = try scene.snapshot(scene.policy(match: match))
            return ScanTarget.targets(of: policies, known: known).map { target in
                target.candidates.map { "\($0) \($0.version)" }.joined(separator: ", ")
            }
        }
        func task(_ version: String) -> ResourceType {
            ResourceType(group: "tekton.dev", version: version, plural: "tasks", kind: "Task", isNamespaced: true)
        }
        #expect(try targets("{resources: {kinds: [v1/Pod]}}") == ["pods v1"])
        #expect(try targets("{resources: {kinds: [Pod/ephemeralcontainers]}}") == ["pods v1"])
        #expect(try targets("{resources: {kinds: [Pod]}}").first == "pods v1")
        #expect(try targets("{resources: {kinds: [CronJob]}}") == ["cronjobs.batch v1, cronjobs.batch v1beta1"])
        #expect(try targets("{resources: {kinds: [Task]}}").isEmpty)
        #expect(
            try targets("{resources: {kinds: [Task]}}", task("v1beta1"), task("v1"))
                == ["tasks.tekton.dev v1, tasks.tekton.dev v1beta1"])
        #expect(
            try targets("{resources: {kinds: [tekton.dev/v1beta1/Task]}}", task("v1beta1"), task("v1"))
                == ["tasks.tekton.dev v1beta1"])
    }

    @Test("Versions are preferred as Kubernetes has it")
    func versionOrder() {
        let sorted = ["v1alpha1", "foo", "v2", "v1beta2", "v10", "v1", "v1beta10"].sorted {
            APIVersion($0) > APIVersion($1)
        }
        #expect(sorted == ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "foo"])
    }

    @Test("How many objects there are is asked for, and unknown where it is not said")
    func count() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        let scan = workloads(scene, cluster, .empty)
        let targets = [ScanTarget(.pods), ScanTarget(.deployments), ScanTarget(.cronJobs)]
        try cluster.serve(#"{"metadata":{"remainingItemCount":6},"items":[{}]}"#, at: "/api/v1/pods?limit=1")
        try cluster.serve(#"{"metadata":{},"items":[{}]}"#, at: "/apis/apps/v1/deployments?limit=1")
        #expect(await scan.count(targets) == 8)
        cluster.fail { _ in .unreachable("away") }
        #expect(await scan.count(targets) == nil)
    }

    @Test("The policies of a cluster are read whole, exceptions in whichever version there is")
    func storedPolicies() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        func json(_ yaml: String) throws -> String { try YAML.documents(Array(yaml.utf8))[0].root.description }
        try cluster.put(.clusterPolicies, json(scene.policy("first")))
        try cluster.put(.clusterPolicies, json(scene.policy("second").replacing("verifyImages", with: "verifyimages")))
        let namespaced = scene.policy("third").replacing("ClusterPolicy", with: "Policy")
            .replacing("{name: third}", with: "{name: third, namespace: test}")
        try cluster.put(.policies, json(namespaced))
        let older = ResourceType(
            group: "kyverno.io", version: "v2beta1", plural: "policyexceptions", kind: "PolicyException",
            isNamespaced: true)
        let exception = #"""
            {"apiVersion":"kyverno.io/v2beta1","kind":"PolicyException","metadata":{"name":"e","namespace":"test"},"spec":{
            "match":{"any":[{"resources":{"kinds":["Pod"]}}]},
            "exceptions":[{"policyName":"first","ruleNames":["signed"]}]}}
            """#
        try cluster.put(older, exception)
        cluster.fail { request in
            request.type == .policyExceptions ? .status(404, reason: "NotFound", message: "no such version") : nil
        }
        let collection = try await StoredPolicies.read(from: cluster, honoursExceptions: true)
        #expect(collection.snapshot().policies.map(\.qualifiedName).sorted() == ["first", "second", "test/third"])
        #expect(collection.snapshot().exceptions.count == 1)
        #expect(collection.outcomes.filter { !$0.isHonoured }.map(\.id.name) == ["second"])
        let plain = try await StoredPolicies.read(from: cluster, honoursExceptions: false)
        #expect(plain.snapshot().exceptions.isEmpty)
        cluster.fail { _ in .unreachable("away") }
        await #expect(throws: APIFailure.unreachable("away")) {
            _ = try await StoredPolicies.read(from: cluster, honoursExceptions: false)
        }
    }

    @Test("A scan ends early when it is told to")
    func interrupted() async throws {
        let scene = try SeenScene()
        let cluster = LocalCluster()
        for index in 0..<6 { try cluster.put(.pods, SeenScene.pod([scene.image("signed")], name: "web-\(index)")) }
        let count = Atomic(0)
        let policies = try scene.snapshot(scene.policy())
        let goesOn: @Sendable () -> Bool = { count.load(ordering: .relaxed) < 4 }
        let scan = workloads(scene, cluster, policies, WorkloadScan.Options(rate: 1_000, pageSize: 2))
        let ending = try await scan.run(ScanTarget.targets(of: policies), goesOn: goesOn) { step in
            if case .read(let objects) = step { count.store(objects, ordering: .relaxed) }
        }
        #expect(!ending.isComplete)
        #expect(count.load(ordering: .relaxed) == 4)

        // Within a page as well.
        let looked = Atomic(0)
        let whole = workloads(scene, cluster, policies, WorkloadScan.Options(width: 1, pageSize: 6))
        let isEager: @Sendable () -> Bool = { looked.load(ordering: .relaxed) < 2 }
        let cut = try await whole.run(ScanTarget.targets(of: policies), goesOn: isEager) { step in
            if case .scanned = step { looked.add(1, ordering: .relaxed) }
        }
        #expect(!cut.isComplete)
        #expect(looked.load(ordering: .relaxed) == 2)
    }
}
